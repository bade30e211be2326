/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.golden.lm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.lora4j.internal.language.DecoderInputs;
import org.lora4j.internal.language.DecoderWeights;
import org.lora4j.internal.language.WeightStorage;
import org.nd4j.linalg.api.buffer.DataType;

/** Damaged directories, and inputs that a sound model refuses. */
final class MalformedCases {

    private static final ObjectMapper JSON = new ObjectMapper();

    private MalformedCases() {}

    static List<LmCase> run(Path fixtures) throws IOException {
        List<LmCase> cases = new ArrayList<>();
        try (Stream<Path> folders = Files.list(fixtures.resolve("malformed"))) {
            for (Path folder : folders.filter(Files::isDirectory).sorted().toList()) {
                cases.add(check(folder));
            }
        }
        return cases;
    }

    private static LmCase check(Path folder) throws IOException {
        JsonNode about = JSON.readTree(folder.resolve("case.json").toFile());
        List<String> problems = new ArrayList<>();
        String message = "";
        try {
            DecoderWeights weights = DecoderWeights.read(folder, WeightStorage.AS_STORED);
            if (!about.has("ids")) {
                problems.add("was read");
            } else {
                int[][] ids = JSON.convertValue(about.get("ids"), int[][].class);
                int[][] mask = Arrays.stream(ids)
                        .map(row -> Arrays.stream(row).map(id -> 1).toArray())
                        .toArray(int[][]::new);
                DecoderInputs.of(weights.config(), DataType.FLOAT, ids, mask, DecoderInputs.positions(mask));
                problems.add("the input was accepted");
            }
        } catch (IOException | IllegalArgumentException e) {
            message = e.toString();
            if (about.has("ids") != e instanceof IllegalArgumentException) {
                problems.add("refused otherwise than expected: " + e);
            }
        }
        for (JsonNode word : about.path("message_should_name")) {
            if (problems.isEmpty() && !message.contains(word.asText())) {
                problems.add("does not name " + word + ": " + message);
            }
        }
        return LmCase.of("malformed/" + folder.getFileName(), problems);
    }
}
