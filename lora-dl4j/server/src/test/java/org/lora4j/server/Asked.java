/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** A client of the JDK that asks a server. */
final class Asked {

    static final ObjectMapper JSON = new ObjectMapper();

    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private Asked() {}

    /** An answer with its body as JSON; missing if it is none. */
    record Answer(int status, JsonNode json, String text, HttpResponse<String> response) {

        String header(String name) {
            return response.headers().firstValue(name).orElse(null);
        }
    }

    static Answer get(URI server, String path, String... headers) throws IOException, InterruptedException {
        return send(request(server, path, headers).GET().build());
    }

    static Answer post(URI server, String path, String json, String... headers)
            throws IOException, InterruptedException {
        return send(request(server, path, headers)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json.replace('\'', '"')))
                .build());
    }

    static Answer delete(URI server, String path, String... headers) throws IOException, InterruptedException {
        return send(request(server, path, headers).DELETE().build());
    }

    private static HttpRequest.Builder request(URI server, String path, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(server.resolve(path));
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        return request;
    }

    private static Answer send(HttpRequest request) throws IOException, InterruptedException {
        HttpResponse<String> response = CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
        String type = response.headers().firstValue("Content-Type").orElse("");
        JsonNode json = type.startsWith("application/json") ? JSON.readTree(response.body()) : JSON.missingNode();
        return new Answer(response.statusCode(), json, response.body(), response);
    }
}
