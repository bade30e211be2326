/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code lora4j serve} as a process: from a trained model to an answer, and to its end by a signal. */
@Timeout(300)
class ServeCommandTest {

    private static final Pattern PLACE = Pattern.compile("serving at (http://\\S+): ");

    @TempDir
    Path folder;

    @Test
    void model_isServed_untilASignalComes() throws Exception {
        KeptModel.in(folder).train("model", "--epochs", "1");
        CliProcess.write(folder.resolve("admin.token"), "token-of-admins\n");
        CliProcess.write(folder.resolve("serve.yaml"), """
                models:
                  tiny: encoder
                  questions: model
                port: 0
                admin-token-file: admin.token
                load-from: [.]
                access-log: true
                """);
        CliProcess.Running server = CliProcess.in(folder).start("serve", "--config", "serve.yaml");
        URI uri = place(server);
        assertThat(ask(uri, "/predict", "{\"inputs\": \"where is my card\", \"model\": \"questions\"}", null)
                        .statusCode())
                .isEqualTo(200);
        assertThat(ask(uri, "/embed", "{\"inputs\": \"card\", \"model\": \"tiny\"}", null)
                        .statusCode())
                .isEqualTo(200);
        String load = "{\"lora_name\": \"again\", \"lora_path\": \"" + folder.resolve("model") + "\"}";
        assertThat(ask(uri, "/v1/load_lora_adapter", load, null).statusCode()).isEqualTo(401);
        assertThat(ask(uri, "/v1/load_lora_adapter", load, "token-of-admins").body())
                .isEqualTo("Success: LoRA adapter 'again' added successfully");
        server.signal("TERM");
        CliProcess.Result ended = server.end();
        assertThat(ended.code()).as(ended.err()).isZero();
        assertThat(ended.err())
                .contains("\"route\":\"/predict\"", "\"status\":\"401\"")
                .doesNotContain("where is");
    }

    @Test
    void mistakes_areSaid() throws Exception {
        assertThat(refused("serve")).contains("nothing to serve");
        assertThat(refused("serve", folder.resolve("nothing-there").toString())).contains("nothing-there");
        Path wrong = CliProcess.write(folder.resolve("wrong.yaml"), "models: [a]\nprot: 8080\n");
        assertThat(refused("serve", "--config", wrong.toString())).contains("line 2", "\"prot\"", "port");
    }

    private static String refused(String... arguments) {
        CliRun run = CliRun.of(arguments);
        assertThat(run.code()).isIn(ExitCode.USAGE, ExitCode.INPUT);
        return run.err();
    }

    private static URI place(CliProcess.Running server) throws IOException, InterruptedException {
        while (server.process().isAlive()) {
            Matcher place = PLACE.matcher(server.out());
            if (place.find()) {
                return URI.create(place.group(1));
            }
            Thread.sleep(10);
        }
        throw new AssertionError("it does not serve: " + server.err());
    }

    private static HttpResponse<String> ask(URI server, String path, String json, String token)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(server.resolve(path))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json));
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
}
