// Every text of the page, in English and in Chinese. The tests hold the two against each other.

/** Networks that have one name in both languages. */
const NETWORKS = {
  n_visa: "Visa", n_jcb: "JCB", n_mir: "Mir", n_maestro: "Maestro", n_rupay: "RuPay", n_troy: "Troy", n_verve: "Verve", n_elo: "Elo", n_hipercard: "Hipercard", n_cabal: "Cabal", n_naranja: "Naranja", n_carnet: "Carnet", n_mada: "mada", n_alia: "Alia", n_anda: "Anda", n_confiable: "Confiable", n_creditel: "Creditel", n_dankort: "Dankort", n_edenred: "Edenred", n_humo: "HUMO", n_olimpica: "Olímpica", n_panal: "Panal", n_passcard: "Passcard", n_shetab: "Shetab", n_sodexo: "Sodexo", n_uatp: "UATP", n_uzcard: "Uzcard", n_vr: "VR", "n_tarjeta-d": "Tarjeta D",
};

export const TEXTS = {
  en: {
    skip: "To the content", views: "Views", tabRead: "Read a card", tabOperators: "Operators",
    otherLanguage: "中文", switchLanguage: "切换为中文",
    loginTitle: "Log in", loginWhy: "With an app's appid and secret. They stay in this tab's memory and go when it closes.",
    appid: "appid", secret: "Secret", logIn: "Log in", loggingIn: "Logging in …", logOut: "Log out", loggedIn: "Logged in as {appid}",
    loginFirst: "Log in first; the picture is read then.", loginCamera: "Log in first, then start the camera.",
    pictureTitle: "Picture", dropHere: "Drop a picture of a card here, or several of one card", dropMore: "or paste one, choose a file, or use the camera",
    choose: "Choose pictures", camera: "Live camera", stopCamera: "Stop the camera", whichCamera: "Camera", sample: "Sample card",
    charged: "Every picture read counts once against today's quota. The live camera reads frame after frame, at most {most}, and each of them counts.",
    resultTitle: "Result", nothingYet: "Nothing read yet.", reading: "Reading …",
    readIn: "Read in {ms} ms, number ending in {last}, certainty {sure}.", readOther: "Read in {ms} ms, certainty {sure}.", showNumber: "Show the number", hideNumber: "Hide the number",
    hiddenDigits: "{count} hidden digits",
    copyNumber: "Copy", copied: "Copied", cannotCopy: "The browser does not let this page copy.",
    certainty: "Certainty of the whole number", ofDigit: "digit {place}: {sure}", ofDigits: "Certainty of each digit:", warnings: "Warnings",
    legend: "What is marked", l_card: "card", l_number: "number", l_digit: "digit", l_low: "unsure digit", l_date: "date", l_holder: "holder", l_other: "other",
    allCards: "Every card in the picture", copyText: "Copy text", canvasPlain: "The picture",
    tipsTitle: "What reads well", tip1: "The card fills most of the picture, all four edges in view.", tip2: "Sharp, in even light, without glare on the number.", tip3: "Any rotation, embossed or printed, any bank.",
    ...NETWORKS, n_unionpay: "UnionPay", n_mastercard: "Mastercard", n_amex: "American Express", n_diners: "Diners Club", n_discover: "Discover",
    canvas: "The picture with card, number line, digits and dates marked; the middle of the number is covered",
    canvasOpen: "The picture with card, number line, digits and dates marked",
    colon: ":", comma: ",", semicolon: ";", holder: "Holder", bank: "Bank", card: "Card", type: "Type", network: "Network", validThru: "Valid until", issued: "Issued", bin: "Leading digits", candidates: "May also be", table: "Table of issuers",
    credit: "credit", debit: "debit", quasi_credit: "quasi-credit", prepaid: "prepaid", unknown: "unknown",
    w_expired: "expired", w_luhn_failed: "check digit does not hold", w_unknown_iin: "issuer unknown", w_not_upright: "not upright",
    w_border_incomplete: "cut off", w_blurred: "blurred", w_glare: "glare", w_occluded: "covered", w_too_small: "too small", w_photocopy: "photocopy", w_screen: "shown on a screen", w_several_cards: "several cards",
    requestTitle: "The request", reply: "Reply", apiPage: "All calls of the API", replyNone: "No reply yet.",
    tokenTitle: "Token", tokenNote: "The page asks for the stable token, so the token that your servers fetched stays good.",
    tokenApp: "App", tokenEnds: "Ends with", tokenUntil: "Good until", tokenLeft: "({minutes} min left)", notLoggedIn: "Log in to see it.", asking: "Asking …",
    quotaTitle: "Today's quota", quotaRead: "Recognitions", quotaToken: "Tokens", quotaUsed: "{used} of {daily_limit}, {remain} left", again: "Ask again",
    quotaNote: "The day ends at midnight in Beijing.",
    daysTitle: "Recognitions of the last days", daysChart: "Recognitions by day: {all}",
    endsTitle: "What ended calls", noCalls: "No recognition in the last seven days.", endsSince: "Of the last seven days, at most the last 1,000 recognition calls: {count} since {time}.",
    showPicture: "Show the picture", tryAgain: "Try again", hidePicture: "Cover the picture", tooMany: "At most {most} pictures of one card are read together.", cameraMissing: "There is no camera.",
    h_none: "No card was found in the picture.", h_unreadable: "The number cannot be read with certainty.", h_unlike: "The number is not as bank cards' numbers are.", h_digits: "Digits {digits} are unsure.", h_digit: "Digit {digits} is unsure.", h_some: "Some digits are unsure.", h_cut: "The number ends at the picture's edge and may be cut off.", h_differ: "The pictures show different cards.",
    h_empty: "The file is empty.", h_unknown: "The format is unknown: send a JPEG.", h_foreign: "{kind}, which is not read: send a JPEG.", h_truncated: "The picture is cut off ({kind}).", h_damaged: "The picture is damaged ({kind}).", h_bytes: "Over {most} bytes.", h_mebibytes: "Over {most} MiB.", h_pixels: "Over {most} pixels.", h_megapixels: "Over {most} megapixels.", h_pages: "A PDF of {count} pages: send one page.", h_busy: "All places are taken; try again.", h_work: "The earlier try is still at work; try again.", h_day: "All {count} of today are used; the day ends at midnight in Beijing.", h_minute: "Over {count} calls this minute.", h_locked: "Wait {seconds} seconds.", h_address: "The call came from {address}.", h_body: "The body cannot be parsed ({fault}).", h_away: "The state store is unavailable.", h_slow: "The picture took too long to arrive.",
    repliesTitle: "Calls of this session", noReplies: "No call was made yet.", time: "Time", call: "Call", code: "Code", meaning: "Meaning", took: "ms", record: "Record", why: "Why?",
    whyTitle: "What became of a call", rid: "Request id (rid), at the end of every errmsg", ask: "Ask",
    at: "At", cost: "Took", request: "Request", sent: "Sent", answered: "Answered", from: "From",
    privacy: "Pictures go to this server only and are not kept. Nothing is stored in the browser, nothing is loaded from other hosts.",
    unreachable: "The server cannot be reached.", proxy: "Something before the server answered for it: HTTP {status}.", fileUnreadable: "{name} cannot be read: it is a folder, or is gone.", tooLarge: "The picture was made smaller before it was sent: it was over {most} MiB.",
    noCamera: "No camera can be used here: browsers allow it on https and on localhost only.", cameraDenied: "The camera was refused or is in use.", noCanvas: "The browser gives this page noise instead of the camera's pictures, against fingerprinting. Allow the page to use the canvas, or choose a picture.",
    g_ask: "Waiting for the camera", g_start: "Put the card into the frame", g_whole: "Show the whole card", g_closer: "Closer", g_still: "Hold still", g_glare: "Glare: tilt the card a little", g_dark: "More light", g_unlike: "Not a bank card's number", g_busy: "The server is busy, one moment", g_sure: "Good, once more",
    g_done: "Done: the frames agree. Frames charged: {frames}.", g_most: "Stopped after {frames} frames, all charged. Try a single picture.", g_off: "Camera stopped. Frames charged: {frames}.", g_lost: "The camera is gone: unplugged, or taken by another program. Frames charged: {frames}.",
    c_ok: "ok", "c_-1": "The server is busy or has a fault; try again.", c_40001: "The token is not good any more. Log in again.", c_40013: "There is no app with this appid.",
    c_40125: "The secret is not the app's.", c_40164: "This address is not on the app's list.", c_42001: "The token is over. Log in again.", c_45009: "All tokens of today are used.", c_45011: "Too many calls or wrong secrets; try later.",
    c_48001: "The app is disabled or may not call this.", c_41005: "No picture arrived.", c_76001: "No call with this rid in the last seven days.", c_76002: "This is not a rid.", c_76003: "The call was another app's.",
    c_101000: "The picture's address gave no picture.", c_101001: "No number was read with certainty. Take the picture again: closer, sharp, without glare.", c_cut: "No number was read with certainty. Take the picture again with the whole card and some room around it.", c_unlike: "No bank card's number was read. Another picture will not help: it may be a gift card's, an order's or a telephone's.", c_differ: "The pictures were not read as one card. Send pictures of one card, or a single one.",
    c_101002: "The bytes are no picture, a damaged one, or too large.", c_101003: "Today's recognitions are used up.", c_other: "The call was refused.",
  },
  zh: {
    skip: "跳到正文", views: "视图", tabRead: "识别银行卡", tabOperators: "运维",
    otherLanguage: "English", switchLanguage: "Switch to English",
    loginTitle: "登录", loginWhy: "使用应用的 appid 和密钥登录。两者只保存在本标签页的内存中，关闭标签页即清除。",
    appid: "appid", secret: "密钥", logIn: "登录", loggingIn: "正在登录……", logOut: "退出登录", loggedIn: "已登录：{appid}",
    loginFirst: "请先登录，登录后自动识别所选图片。", loginCamera: "请先登录，再打开摄像头。",
    pictureTitle: "图片", dropHere: "将银行卡图片拖到这里，同一张卡可拖入多张", dropMore: "也可以粘贴、选择文件或使用摄像头",
    choose: "选择图片", camera: "打开摄像头", stopCamera: "关闭摄像头", whichCamera: "摄像头", sample: "示例卡",
    charged: "每识别一张图片计入一次当日额度。摄像头逐帧识别，最多 {most} 帧，每帧各计一次。",
    resultTitle: "识别结果", nothingYet: "尚未识别。", reading: "正在识别……",
    readIn: "用时 {ms} 毫秒，尾号 {last}，置信度 {sure}。", readOther: "用时 {ms} 毫秒，置信度 {sure}。", showNumber: "显示卡号", hideNumber: "隐藏卡号",
    hiddenDigits: "隐藏 {count} 位",
    copyNumber: "复制", copied: "已复制", cannotCopy: "浏览器不允许本页复制。",
    certainty: "卡号整体置信度", ofDigit: "第 {place} 位：{sure}", ofDigits: "各位数字的置信度：", warnings: "警告",
    legend: "图中标注", l_card: "卡片", l_number: "卡号", l_digit: "数字", l_low: "不确定的数字", l_date: "日期", l_holder: "持卡人", l_other: "其他",
    allCards: "图中的所有卡片", copyText: "复制文本", canvasPlain: "图片",
    tipsTitle: "怎样拍摄更容易识别", tip1: "卡片占画面的大部分，四边完整入镜。", tip2: "画面清晰，光线均匀，卡号上没有反光。", tip3: "方向不限，凸字卡、平面卡均可，不限银行。",
    ...NETWORKS, n_unionpay: "银联", n_mastercard: "万事达", n_amex: "美国运通", n_diners: "大来卡", n_discover: "发现卡",
    canvas: "已标出卡片、卡号行、各位数字和日期的图片，卡号中间部分已遮盖",
    canvasOpen: "已标出卡片、卡号行、各位数字和日期的图片",
    colon: "：", comma: "，", semicolon: "；", holder: "持卡人", bank: "发卡行", card: "卡片名称", type: "类型", network: "卡组织", validThru: "有效期至", issued: "发卡日期", bin: "卡号前缀", candidates: "也可能是", table: "发卡行数据",
    credit: "信用卡", debit: "借记卡", quasi_credit: "准贷记卡", prepaid: "预付卡", unknown: "未知",
    w_expired: "已过期", w_luhn_failed: "校验位不符", w_unknown_iin: "发卡行未知", w_not_upright: "方向不正",
    w_border_incomplete: "边缘不完整", w_blurred: "模糊", w_glare: "反光", w_occluded: "被遮挡", w_too_small: "太小", w_photocopy: "复印件", w_screen: "屏幕翻拍", w_several_cards: "多张卡",
    requestTitle: "请求", reply: "返回结果", apiPage: "全部接口", replyNone: "尚无返回结果。",
    tokenTitle: "令牌", tokenNote: "本页使用稳定版令牌，您的服务器取得的令牌不受影响。",
    tokenApp: "应用", tokenEnds: "末四位", tokenUntil: "有效至", tokenLeft: "（剩余 {minutes} 分钟）", notLoggedIn: "登录后可见。", asking: "查询中……",
    quotaTitle: "今日额度", quotaRead: "识别", quotaToken: "令牌", quotaUsed: "已用 {used} / {daily_limit}，剩余 {remain}", again: "重新查询",
    quotaNote: "每日额度在北京时间零点重置。",
    daysTitle: "近期每日识别次数", daysChart: "每日识别次数：{all}",
    endsTitle: "调用结果", noCalls: "最近七天没有识别调用。", endsSince: "自 {time} 起共 {count} 次识别调用（只统计最近七天，最多 1000 次）。",
    showPicture: "显示图片", tryAgain: "重试", hidePicture: "遮盖图片", tooMany: "一次最多识别同一张卡的 {most} 张图片。", cameraMissing: "没有找到摄像头。",
    h_none: "图片中没有找到卡片。", h_unreadable: "卡号无法可靠识别。", h_unlike: "该号码不像银行卡卡号。", h_digits: "第 {digits} 位不确定。", h_digit: "第 {digits} 位不确定。", h_some: "有数字不确定。", h_cut: "卡号紧贴图片边缘，可能被截断。", h_differ: "这些图片不是同一张卡。",
    h_empty: "文件为空。", h_unknown: "文件格式未知，请发送 JPEG。", h_foreign: "不支持 {kind}，请发送 JPEG。", h_truncated: "图片不完整（{kind}）。", h_damaged: "图片已损坏（{kind}）。", h_bytes: "超过 {most} 字节。", h_mebibytes: "超过 {most} MiB。", h_pixels: "超过 {most} 像素。", h_megapixels: "超过 {most} 万像素。", h_pages: "PDF 共 {count} 页，请只发送一页。", h_busy: "服务器繁忙，请重试。", h_work: "上一次请求仍在处理中，请稍后重试。", h_day: "今日 {count} 次已用完，北京时间零点重置。", h_minute: "本分钟已超过 {count} 次调用。", h_locked: "请等待 {seconds} 秒。", h_address: "调用来自 {address}。", h_body: "请求体格式有误（{fault}）。", h_away: "状态存储不可用。", h_slow: "图片传输过慢。",
    repliesTitle: "本次会话的调用记录", noReplies: "尚无调用。", time: "时间", call: "接口", code: "错误码", meaning: "含义", took: "毫秒", record: "记录", why: "查看",
    whyTitle: "查询某次调用", rid: "请求编号（rid），见每条 errmsg 末尾", ask: "查询",
    at: "时间", cost: "用时", request: "请求", sent: "请求内容", answered: "返回结果", from: "来源地址",
    privacy: "图片只发送到本服务器，且不会保存。浏览器中不存储任何内容，也不从其他主机加载任何内容。",
    unreachable: "无法连接服务器。", proxy: "HTTP {status} 不是由服务器返回，而是来自它前面的代理。", fileUnreadable: "无法读取 {name}：它是文件夹，或已不存在。", tooLarge: "图片超过 {most} MiB，发送前已缩小。",
    noCamera: "此处无法使用摄像头：浏览器只允许 https 或 localhost 页面使用。", cameraDenied: "摄像头权限被拒绝，或正被其他程序占用。", noCanvas: "浏览器的防指纹保护把摄像头画面换成了噪点。请允许本页使用画布（canvas），或改为选择图片。",
    g_ask: "正在等待摄像头", g_start: "请将卡片放入框内", g_whole: "请拍到整张卡片", g_closer: "请靠近一些", g_still: "请拿稳", g_glare: "有反光，请稍微倾斜卡片", g_dark: "光线太暗，请增加照明", g_unlike: "不是银行卡卡号", g_busy: "服务器繁忙，请稍候", g_sure: "很好，再确认一次",
    g_done: "识别完成，多帧结果一致。计入额度 {frames} 帧。", g_most: "已识别 {frames} 帧（均计入额度），摄像头已关闭。请改用单张图片。", g_off: "摄像头已关闭。计入额度 {frames} 帧。", g_lost: "摄像头已断开，或被其他程序占用。计入额度 {frames} 帧。",
    c_ok: "成功", "c_-1": "服务器繁忙或出错，请重试。", c_40001: "令牌已失效，请重新登录。", c_40013: "appid 不存在。",
    c_40125: "密钥不正确。", c_40164: "此地址不在应用的白名单中。", c_42001: "令牌已过期，请重新登录。", c_45009: "今日获取令牌的次数已用完。", c_45011: "调用过于频繁，或密钥错误次数过多，请稍后再试。",
    c_48001: "应用已停用，或无权调用此接口。", c_41005: "没有收到图片。", c_76001: "最近七天没有这个 rid 的调用。", c_76002: "rid 格式不正确。", c_76003: "这次调用属于其他应用。",
    c_101000: "图片地址没有返回图片。", c_101001: "未能可靠识别卡号。请重拍：靠近、清晰、无反光。", c_cut: "未能可靠识别卡号。请重拍：拍到整张卡片，四周留些空间。", c_unlike: "没有读到银行卡卡号，重拍也没有用：这可能是礼品卡号、订单号或电话号码。", c_differ: "这些图片未能识别为同一张卡。请只发送同一张卡的图片，或只发一张。",
    c_101002: "文件不是图片，或图片已损坏、过大。", c_101003: "今日识别次数已用完。", c_other: "调用被拒绝。",
  },
};

let language = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";

export const current = () => language;

/** The text of `key` with `{name}` filled in from `values`. */
export const t = (key, values = {}) => TEXTS[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

export const has = (key) => key in TEXTS[language];

/** What an error code means, in a sentence. */
export const meaning = (code, key = code === 0 ? "c_ok" : `c_${code}`) => t(has(key) ? key : "c_other");

/** Why no reply of the server's came. */
export const noReply = ({ status }) => (status ? t("proxy", { status }) : t("unreachable"));

/** Causes with advice of their own. */
const ADVICE = { "number unreadable: at the edge, perhaps cut off": "c_cut", "number unreadable: not as card numbers are": "c_unlike", "the pictures show different cards": "c_differ" };
const HOPELESS = ["c_unlike", "c_differ"]; // of which no better picture helps

const advice = ({ reply }) => ADVICE[hint(reply.errmsg ?? "")];

/** Whether another picture of the card may read better than the one that was refused. */
export const isWorthAnother = (answer) => answer.code === 101001 && !HOPELESS.includes(advice(answer));

/** Whether the same picture may be read later: nobody answered, or the server was busy. */
export const isWorthRepeating = ({ code }) => [null, -1, 45011].includes(code);

/** What a refusal means and what to do about it. */
export const refusal = (answer) => (answer.code === null ? noReply(answer) : meaning(answer.code, advice(answer)));

/** What the server's causes are called here, the names of what varies in them, and the units of numbers that are large. */
const CAUSES = [
  [/^number unreadable: digits (\d+) uncertain$/, "h_digit", "digits"],
  [/^number unreadable: digits (.+) uncertain$/, "h_digits", "digits"],
  [/^number unreadable: digits uncertain$/, "h_some"], // of many calls
  [/^number unreadable: at the edge, perhaps cut off$/, "h_cut"],
  [/^number unreadable: not as card numbers are$/, "h_unlike"],
  [/^number unreadable$/, "h_unreadable"],
  [/^no card found$/, "h_none"],
  [/^the pictures show different cards$/, "h_differ"],
  [/^(?:empty|the picture has 0 bytes)$/, "h_empty"],
  [/^unknown format\b/, "h_unknown"],
  [/^(\w[\w ]*), (?:not a picture|which is not accepted)/, "h_foreign", "kind"],
  [/^truncated (\w+)$/, "h_truncated", "kind"],
  [/^damaged (\w+)$/, "h_damaged", "kind"],
  [/^PDF of (\d+) pages/, "h_pages", "count"],
  [/^size: over (\d{7,}) bytes$/, "h_mebibytes", "most", 2 ** 20],
  [/^size: over (\d+) bytes$/, "h_bytes", "most"],
  [/^size: over (\d{7,}) pixels$/, "h_megapixels", "most", { en: 1e6, zh: 1e4 }],
  [/^size: over (\d+) pixels$/, "h_pixels", "most"],
  [/^busy: a call with this Idempotency-Key is at work$/, "h_work"],
  [/^busy\b/, "h_busy"],
  [/^all (\d+) of today are used/, "h_day", "count"],
  [/^over (\d+) calls this minute$/, "h_minute", "count"],
  [/^too many wrong secrets, wait (\d+) s$/, "h_locked", "seconds"],
  [/^invalid ip (\S+) /, "h_address", "address"],
  [/^((?:json|multipart): .+)$/, "h_body", "fault"],
  [/^the state store is unavailable$/, "h_away"],
  [/^the body took over /, "h_slow"],
];

/** What the server's other causes are called in Chinese; in English they are said as the server says them. */
const IN_CHINESE = [
  [/^(.+); if img_url is not percent-encoded, (\S+) was cut off$/, (_, text, name) => `${inWords(text)}如果 img_url 没有做 URL 编码，${name} 会被截掉。`],
  [/^redirect: (\w+: .+)$/, (_, text) => `重定向之后：${inWords(text)}`],
  [/^redirect: more than (\d+)$/, "重定向超过 $1 次。"],
  [/^redirect: not a URL$/, "重定向的目标不是 URL。"],
  [/^redirect to a private address refused$/, "不允许重定向到内网地址。"],
  [/^redirect from https to http refused$/, "不允许从 https 重定向到 http。"],
  [/^dns: timed out$/, "域名解析超时。"],
  [/^dns: no answer$/, "域名解析没有应答。"],
  [/^dns: no such host$/, "没有这个主机名。"],
  [/^address: private address refused$/, "不允许访问内网地址。"],
  [/^address: zone id refused$/, "地址中不能有 zone id。"],
  [/^address: percent-encoded host refused$/, "主机名不能做 URL 编码。"],
  [/^address: odd notation of an IP address refused$/, "不接受 IP 地址的这种写法。"],
  [/^connect: timed out$/, "连接超时。"],
  [/^connect: refused$/, "对方拒绝连接。"],
  [/^connect: host out of reach$/, "无法连接主机。"],
  [/^connect: connection lost before the end$/, "传输完成前连接中断。"],
  [/^connect: proxy refused$/, "代理拒绝连接。"],
  [/^tls: handshake timed out$/, "TLS 握手超时。"],
  [/^tls: handshake failed$/, "TLS 握手失败。"],
  [/^tls: certificate not yet valid$/, "证书尚未生效。"],
  [/^tls: certificate expired$/, "证书已过期。"],
  [/^tls: certificate is self-signed$/, "证书是自签名的。"],
  [/^tls: certificate authority unknown$/, "证书的颁发机构未知。"],
  [/^tls: certificate is for another host$/, "证书属于其他主机。"],
  [/^tls: certificate refused$/, "证书无效。"],
  [/^status: no valid HTTP answer$/, "返回的不是有效的 HTTP 响应。"],
  [/^status (\d+)$/, "返回 HTTP 状态 $1。"],
  [/^size: empty$/, "返回的内容为空。"],
  [/^type: unknown content coding$/, "未知的内容编码。"],
  [/^type: damaged content coding$/, "内容编码已损坏。"],
  [/^type: unknown bytes, not a picture$/, "返回的不是图片。"],
  [/^type: (\S+), not a picture$/, "返回的是 $1，不是图片。"],
  [/^timeout: over (\S+) s$/, "下载超过 $1 秒。"],
  [/^timeout: slower than (\d+) bytes\/s$/, "下载速度低于每秒 $1 字节。"],
  [/^url: over (\d+) characters$/, "URL 超过 $1 个字符。"],
  [/^url: control characters refused$/, "URL 中不能有控制字符。"],
  [/^url: a path on the sender's device, send the file as img$/, "这是发送者设备上的路径，请用 img 上传文件。"],
  [/^url: a picture as base64, send it as img_base64$/, "img_url 是 base64 图片，请改用 img_base64。"],
  [/^url: a file ID of cloud storage, send what getTempFileURL gives for it$/, "这是云存储的文件 ID，请先用 getTempFileURL 换取链接。"],
  [/^url: scheme (\S+) refused$/, "不接受以 $1: 开头的 URL。"],
  [/^url: no http:\/\/ or https:\/\/$/, "URL 没有以 http:// 或 https:// 开头。"],
  [/^url: credentials refused$/, "URL 中不能有用户名和密码。"],
  [/^url: no host name$/, "URL 中没有主机名。"],
  [/^url: no such port$/, "端口号无效。"],
  [/^url: not an IPv6 address$/, "不是 IPv6 地址。"],

  [/^neither img nor img_url$/, "既没有 img 也没有 img_url。"],
  [/^neither img nor img_url, but (.+)$/, "既没有 img 也没有 img_url，收到的是 $1。"],
  [/^img came as text, send it as a file of a multipart form, or as img_base64$/, "img 是文本，请作为 multipart 表单的文件发送，或使用 img_base64。"],
  [/^img came as JSON, send it as a file of a multipart form, or as img_base64$/, "img 是 JSON，请作为 multipart 表单的文件发送，或使用 img_base64。"],
  [/^img came as JSON, give it as \{contentType, value: Buffer\}$/, "img 是 JSON，请写成 {contentType, value: Buffer}。"],
  [/^the body is base64, send it as img_base64$/, "请求体是 base64，请作为 img_base64 发送。"],
  [/^(\S+) is not base64$/, "$1 不是 base64。"],
  [/^bytes that were read as text$/, "被当作文本读取的字节"],
  [/^icon$/, "图标文件"],
  [/^base64 text$/, "base64 文本"],
  [/^no pixels$/, "图片没有像素。"],
  [/^floating-point pixels$/, "不支持浮点像素。"],
  [/^JPEG of (?:an unusual subsampling and of )?too many scans: (\d+)$/, "JPEG 的扫描次数过多（$1）。"],
  [/^PNG of too many colour profiles: (\d+)$/, "PNG 的颜色配置文件过多（$1）。"],
  [/^PDF with a password$/, "PDF 有密码。"],
  [/^PDF of a page without room$/, "PDF 的页面尺寸为零。"],
  [/^PDF that takes too long to draw, or cannot be drawn$/, "PDF 无法绘制，或绘制过慢。"],

  [/^http: (.+)$/, "请求不是有效的 HTTP（$1）。"],
  [/^json: cannot be parsed$/, "JSON 无法解析"], // these stand in a sentence
  [/^json: not an object$/, "JSON 不是对象"],
  [/^json: half a surrogate pair$/, "JSON 中有不成对的代理字符（surrogate）"],
  [/^json: over (\d+) values$/, "JSON 超过 $1 个值"],
  [/^multipart: damaged$/, "multipart 已损坏"],
  [/^multipart: no boundary$/, "multipart 没有 boundary"],
  [/^multipart: too many boundaries$/, "multipart 的 boundary 过多"],
  [/^multipart: over (\d+) parts$/, "multipart 超过 $1 个部分"],
  [/^(?:gzip|Content-Encoding): send the body as it is, not packed$/, "请求体不能压缩，请原样发送。"],
  [/^over (\d+) percent-encoded bytes$/, "超过 $1 个 URL 编码的字节。"],
  [/^over (\d+) bytes that are not UTF-8$/, "超过 $1 个不是 UTF-8 的字节。"],
  [/^over (\d+) fields$/, "超过 $1 个字段。"],
  [/^the body must be JSON$/, "请求体必须是 JSON。"],

  [/^pan: full, masked, jwe or fingerprint$/, "pan 只能是 full、masked、jwe 或 fingerprint。"],
  [/^pan: the app gets (\S+) at most$/, "pan：此应用最多可得 $1。"],
  [/^pan: the app has no key to encrypt to, see apps set-key$/, "pan：此应用没有加密公钥，见 apps set-key。"],
  [/^pan: the server has no fingerprint_key_file$/, "pan：服务器没有设置 fingerprint_key_file。"],
  [/^return: with pan=(\S+) only redacted, the others show the number$/, "return：pan=$1 时只能是 redacted，其他图片会显示卡号。"],
  [/^return: with pan=fingerprint no picture, they show digits of the number$/, "return：pan=fingerprint 时不能返回图片，图片会显示卡号中的数字。"],
  [/^return: (.+)$/, "return 只能是 $1。"],
  [/^idempotency-key: 1 to 255 visible ASCII characters$/, "idempotency-key 须为 1 至 255 个可见的 ASCII 字符。"],
  [/^idempotency-key: used within 24 hours with another picture or other parameters$/, "这个 idempotency-key 在 24 小时内已用于其他图片或参数。"],

  [/^must be client_credential$/, "grant_type 必须是 client_credential。"],
  [/^the token came as a header, put it into the query as access_token$/, "令牌放在了请求头中，请放在查询参数 access_token 中。"],
  [/^a second \? stands before access_token, put & there$/, "access_token 前多了一个 ?，应为 &。"],
  [/^the token came by another name, call it access_token$/, "令牌的参数名不对，应为 access_token。"],
  [/^unknown token$/, "未知的令牌。"],
  [/^issued by a clock that was ahead$/, "签发令牌时服务器的时钟过快。"],
  [/^superseded token$/, "令牌已被新令牌取代。"],
  [/^its app is gone$/, "令牌的应用已被删除。"],
  [/^not the app of the access_token$/, "不是 access_token 所属的应用。"],
  [/^the secret came as appsecret, call it secret$/, "密钥的参数名不是 appsecret，应为 secret。"],
  [/^the secret has blanks around it$/, "密钥前后有空格。"],
  [/^the app is disabled$/, "应用已停用。"],
  [/^the app may not call (\S+)$/, "应用无权调用 $1。"],
  [/^(\d+) tokens a day$/, "每天最多 $1 个令牌。"],
  [/^(\d+) clears a month$/, "每月最多清零 $1 次。"],
  [/^(\S+) and (\S+) have a daily quota$/, "有每日额度的是 $1 和 $2。"],
  [/^(\S+) is meant$/, "应为 $1。"],
  [/^(\S+) is meant, and its query begins with \?$/, "应为 $1，查询参数以 ? 开头。"],
  [/^three groups of 8 hex digits make a rid$/, "rid 由三组 8 位十六进制数字组成。"],
  [/^unknown, or over 7 days old$/, "没有这个 rid，或已超过七天。"],
  [/^internal error, the server's log has it$/, "内部错误，见服务器日志。"],
  [/^internal error, (\S+)$/, "内部错误（$1）。"],

  [/^(\S+) is not in the permissions of the app's config\.json$/, "应用的 config.json 的 permissions 中没有 $1。"],
  [/^unknown API$/, "未知的接口。"],
  [/^no wxCloudApiToken$/, "没有 wxCloudApiToken。"],
  [/^too many (?:fields|pairs)$/, "字段过多。"],
  [/^requestData is no CommApiData$/, "requestData 不是 CommApiData。"],
  [/^api_type is not OPEN_API$/, "api_type 不是 OPEN_API。"],
  [/^a value is too long$/, "有参数值过长。"],
  [/^a value is no JSON text$/, "有参数值不是 JSON。"],
  [/^a value is neither text nor number$/, "有参数值既不是文本也不是数字。"],
];

/** What the server says, in this language; as it is where there is no text for it. */
const inWords = (text) => known(text) || translated(text);

function translated(text) {
  const [form, words] = IN_CHINESE.find(([each]) => each.test(text)) ?? [];
  return language === "zh" && form ? text.replace(form, words) : text;
}

/** What the server calls a cause, in this language; empty where the page has no words of its own for it. */
function known(text) {
  for (const [form, key, name, unit] of CAUSES) {
    const found = form.exec(text);
    if (found) return tight(t(key, { [name]: unit ? Number((found[1] / (unit[language] ?? unit)).toFixed(1)) : translated(found[1] ?? "") }));
  }
  return "";
}

/** The cause that an errmsg tells, in its hint or, of some codes, before it: in this language where it is known. */
export function cause(errmsg) {
  const told = hint(errmsg);
  return told === undefined ? known(errmsg) : inWords(told);
}

/** A text without the spaces that Chinese has none of: beside its marks, and between two of its characters. */
const tight = (text) => text.replace(/(?<=[\u3000-\u303f\uff00-\uffef]) | (?=[\u3000-\u303f\uff00-\uffef])|(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])/g, "");

/** Sentences one after the other, those that say nothing left out. */
export const joined = (...sentences) => tight(sentences.filter(Boolean).join(" "));

/** What is counted up, with marks of this name between. */
export const listed = (all, mark = "comma") => tight(all.join(`${t(mark)} `));

const hint = (errmsg) => /hint: \[(.*)\]/.exec(errmsg)?.[1];

/** A cause that stands alone: of one card of several, or of many calls; before words that are not known here what `code` means. */
export const causeAlone = (code, text) => known(text) || joined(meaning(code), inWords(text));

/** What an answer that is no success says, in a line. */
export const failure = ({ code, reply, status }) => (code === null ? noReply({ status }) : joined(`${code}${t("colon")}`, meaning(code), cause(reply.errmsg ?? "")));

/** Rounded down, so that no text says 100 of what is not certain; on one line, and without a space in Chinese. */
export const percent = (probability) => `${probability > 0.9995 ? ">99.9" : (Math.floor(probability * 1000) / 10).toFixed(1)}${language === "zh" ? "" : "\u00a0"}%`;

const MINUTES = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, SECONDS = { ...MINUTES, second: "2-digit" };

export const clock = (ms) => new Date(ms).toLocaleTimeString(language, MINUTES);
export const clockWithSeconds = (ms) => new Date(ms).toLocaleTimeString(language, SECONDS);
export const dateAndTime = (ms) => new Date(ms).toLocaleString(language, { year: "numeric", month: "short", day: "numeric", ...SECONDS });

/** Changes the language and lets everyone who shows text show it again. */
export function toggle() {
  language = language === "en" ? "zh" : "en";
  document.dispatchEvent(new Event("language"));
}
