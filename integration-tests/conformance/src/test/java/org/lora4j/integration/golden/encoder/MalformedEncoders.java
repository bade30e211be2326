/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.golden.encoder;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.lora4j.image.ImageEncoder;
import org.lora4j.integration.golden.lm.LmCase;
import org.lora4j.pretrained.PretrainedEncoder;

/** Damaged directories: refused in words that name what is wrong. */
final class MalformedEncoders {

    private static final ObjectMapper JSON = new ObjectMapper();

    private MalformedEncoders() {}

    static void run(Path fixtures, Consumer<LmCase> done) throws IOException {
        try (Stream<Path> folders = Files.list(fixtures.resolve("malformed"))) {
            for (Path folder : folders.filter(Files::isDirectory).sorted().toList()) {
                done.accept(check(folder));
            }
        }
    }

    private static LmCase check(Path folder) throws IOException {
        JsonNode about = JSON.readTree(folder.resolve("case.json").toFile());
        String name = "malformed/" + folder.getFileName();
        List<String> problems = new ArrayList<>();
        String type = about.path("base").asText();
        try {
            if (EncoderCases.IMAGES.contains(type)) {
                ImageEncoder.load(folder);
            } else {
                PretrainedEncoder.load(folder);
            }
            problems.add("was read");
        } catch (IOException e) {
            for (JsonNode word : about.path("message_should_name")) {
                if (!e.getMessage().replace(folder.toString(), "").contains(word.asText())) {
                    problems.add("does not name " + word + ": " + e.getMessage());
                }
            }
        }
        return LmCase.of(name, problems);
    }
}
