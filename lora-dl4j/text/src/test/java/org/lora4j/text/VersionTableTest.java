/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What users import has the encoders that messages name, in the versions that messages name. */
class VersionTableTest {

    private static String table() throws IOException {
        return Files.readString(Path.of("..", "bom", "pom.xml")).replaceAll("\\s+", "");
    }

    @ParameterizedTest
    @EnumSource(NamedEncoder.class)
    void encoder_isInTheTable_withoutTheLibraryAroundIt(NamedEncoder encoder) throws IOException {
        Matcher coordinates = Pattern.compile("<groupId>.*?</version>").matcher(encoder.dependency());

        assertThat(coordinates.find()).isTrue();
        assertThat(table())
                .contains(
                        coordinates.group() + "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId>");
    }

    @Test
    void onnxRuntime_isInTheTable() throws IOException {
        assertThat(table())
                .contains("<groupId>com.microsoft.onnxruntime</groupId><artifactId>onnxruntime</artifactId>");
    }
}
