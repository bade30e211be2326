/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.FileNotFoundException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.error.ModelFormatException;

class HuggingFaceTextTokenizerTest {

    @Test
    void load_ofSomethingElse_isRefusedWithTheSource() {
        InputStream in = new ByteArrayInputStream("{\"model\": 7}".getBytes(StandardCharsets.UTF_8));

        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> HuggingFaceTextTokenizer.load(in, "other.json", 128))
                .withMessageStartingWith("other.json: ")
                .withMessageContaining("expected Hugging Face's tokenizer.json");
    }

    @Test
    void load_ofAMissingFile_namesIt(@TempDir Path directory) {
        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(() -> HuggingFaceTextTokenizer.load(directory.resolve("none.json"), 128))
                .withMessageContaining("none.json")
                .withMessageContaining("expected a tokenizer.json");
    }

    @Test
    void loadResource_thatIsNotOnTheClassPath_namesIt() {
        assertThatExceptionOfType(FileNotFoundException.class)
                .isThrownBy(
                        () -> HuggingFaceTextTokenizer.loadResource(getClass().getClassLoader(), "none.json", 128))
                .withMessageContaining("resource \"none.json\"");
    }

    @Test
    void load_withRoomForNoToken_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HuggingFaceTextTokenizer.load(InputStream.nullInputStream(), "x.json", 2))
                .withMessageContaining("maxLength = 2; expected 3 or more");
    }

    @Test
    void load_withoutTheLibrary_namesTheArtifactToAdd() throws Exception {
        URL classes = HuggingFaceTextTokenizer.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation();
        try (URLClassLoader withoutLibrary = new URLClassLoader(new URL[] {classes}, null)) {
            Class<?> type = withoutLibrary.loadClass(HuggingFaceTextTokenizer.class.getName());

            assertThatThrownBy(() -> type.getMethod("load", InputStream.class, String.class, int.class)
                            .invoke(null, InputStream.nullInputStream(), "x.json", 128))
                    .isInstanceOf(InvocationTargetException.class)
                    .cause()
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("ai.djl.huggingface:tokenizers")
                    .hasMessageContaining("Add it to your build");
        }
    }
}
