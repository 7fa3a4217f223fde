// Cloud calls with the unmodified SDK: node call.js PACKAGE; each line of stdin is a call, each line of stdout its
// {result} or {error}. Everything else, the SDK's own chatter too, goes to stderr.
'use strict'

const readline = require('readline')

console.log = console.info = console.warn = console.error
const cloud = require(process.argv[2])

async function answer({ environment, init, type, imgUrl, img, contentType, bare }) {
  Object.assign(process.env, environment)
  cloud.init(init)
  const data = { type }
  if (imgUrl !== undefined) data.imgUrl = imgUrl
  if (img !== undefined) data.img = { contentType, value: Buffer.from(img, 'base64') }
  if (bare !== undefined) data.img = Buffer.from(bare, 'base64')
  try {
    return { result: await cloud.openapi.ocr.bankcard(data) }
  } catch (error) {
    return { error: { errCode: error.errCode, errMsg: error.errMsg, message: error.message } }
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + '\n')
  }
  process.exit(0)
}

main()
