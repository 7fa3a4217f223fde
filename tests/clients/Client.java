import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/** Java's own HTTP client as people set it up, which offers HTTP/2 with each first request: server, token, picture, address. */
public class Client {
    public static void main(String[] args) throws Exception {
        String call = args[0] + "/cv/ocr/bankcard?type=photo&access_token=" + args[1];
        String url = URLEncoder.encode(args[3], StandardCharsets.UTF_8);
        Path picture = Path.of(args[2]);
        String boundary = "----" + UUID.randomUUID();
        byte[] head = ("--" + boundary + "\r\nContent-Disposition: form-data; name=\"img\"; filename=\"" + picture.getFileName()
                + "\"\r\nContent-Type: image/jpeg\r\n\r\n").getBytes(StandardCharsets.UTF_8);
        byte[] end = ("\r\n--" + boundary + "--\r\n").getBytes(StandardCharsets.UTF_8);
        BodyPublisher whole = BodyPublishers.ofByteArrays(List.of(head, Files.readAllBytes(picture), end));
        String multipart = "multipart/form-data; boundary=" + boundary;

        send(HttpRequest.newBuilder(URI.create(call)).header("Content-Type", multipart).POST(whole));
        send(HttpRequest.newBuilder(URI.create(call)).header("Content-Type", multipart).expectContinue(true).POST(whole));
        send(HttpRequest.newBuilder(URI.create(call + "&img_url=" + url)).GET());
        send(HttpRequest.newBuilder(URI.create(call + "&img_url=" + url)).POST(BodyPublishers.noBody()));
        send(HttpRequest.newBuilder(URI.create(call)).header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString("img_url=" + url)));
    }

    /** Prints the reply to a request that is the first of its client. */
    private static void send(HttpRequest.Builder request) throws Exception {
        System.out.println(HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofString()).body());
    }
}
