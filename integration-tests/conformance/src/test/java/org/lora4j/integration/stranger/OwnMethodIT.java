/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.stranger;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A project outside of this build with an adapter method of its own, written against public types alone: the sources of the
 * folder {@code own-method}. It does with its method what the library does with those that it has.
 */
class OwnMethodIT {

    private static final String DEPENDENCIES = """
            <dependencyManagement><dependencies><dependency>
            <groupId>org.lora4j</groupId><artifactId>lora4j-bom</artifactId><version>0.1.0-SNAPSHOT</version>
            <type>pom</type><scope>import</scope>
            </dependency></dependencies></dependencyManagement>
            <dependencies>
            <dependency><groupId>org.lora4j</groupId><artifactId>lora-dl4j</artifactId></dependency>
            <dependency><groupId>org.nd4j</groupId><artifactId>nd4j-native</artifactId></dependency>
            </dependencies>
            """;

    @TempDir
    private Path folder;

    @Test
    void methodOfAnotherProject_doesWhatOursDo() throws IOException, InterruptedException {
        Path repository = folder.resolve("repository");
        StrangersProject.install(repository);
        StrangersProject project = new StrangersProject(folder.resolve("project"), DEPENDENCIES, source("Stranger"));
        for (String name : List.of("RowColConfig", "RowColMethod")) {
            project.write("src/main/java/" + name + ".java", source(name));
        }

        List<String> printed = project.run(repository)
                .lines()
                .filter(line -> line.startsWith("- "))
                .toList();

        assertThat(printed)
                .containsExactly(
                        "- a file of a method that is not there: refused",
                        "- graph, fresh adapter is the base: true",
                        "- graph, learns: true",
                        "- graph, disabled is the base: true",
                        "- graph, enabled again: true",
                        "- graph, read back: true",
                        "- graph, read back with rows alone: true",
                        "- graph, two adapters merged: true",
                        "- graph, beside LoRA: refused",
                        "- graph, converted to LoRA: true",
                        "- graph, unloaded is the base: true",
                        "- graph, merged: true",
                        "- network, learns: true",
                        "- network, disabled is the base: true",
                        "- network, read back: true",
                        "- network, saved and opened: true",
                        "- network, saved and opened by Deeplearning4j: true",
                        "- network, merged: true",
                        "- second registration: refused",
                        "- config of a wrong kind: refused",
                        "- incomplete method: refused",
                        "- adapter without a factor: refused",
                        "- adapter of another base: refused");
    }

    private static String source(String name) throws IOException {
        try (InputStream stream = OwnMethodIT.class.getResourceAsStream("/own-method/" + name + ".java")) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
