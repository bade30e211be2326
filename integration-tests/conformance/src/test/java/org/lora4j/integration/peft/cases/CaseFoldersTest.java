/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.cases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaseFoldersTest {

    @TempDir
    Path root;

    @BeforeEach
    void makeCases() throws IOException {
        for (String name : new String[] {"many/b", "many/a", "single"}) {
            Files.createDirectories(root.resolve(name));
            Files.writeString(root.resolve(name).resolve("case.json"), "{}");
        }
        Files.createDirectories(root.resolve("many/notes"));
    }

    @Test
    void find_ofAFolderOfCases_givesThemByName() throws IOException {
        assertThat(CaseFolders.find("many", root)).containsExactly(root.resolve("many/a"), root.resolve("many/b"));
    }

    @Test
    void find_ofSeveralFolders_givesAllInOrder() throws IOException {
        String paths = "single" + File.pathSeparator + root.resolve("many");

        assertThat(CaseFolders.find(paths, root))
                .containsExactly(root.resolve("single"), root.resolve("many/a"), root.resolve("many/b"));
    }

    @Test
    void find_ofACaseWithoutDescription_givesItToo() throws IOException {
        Files.writeString(root.resolve("many/notes/adapter_config.json"), "{}");

        assertThat(CaseFolders.find("many", root)).contains(root.resolve("many/notes"));
    }

    @Test
    void find_ofAFolderThatDoesNotExist_namesIt() {
        assertThatThrownBy(() -> CaseFolders.find("single" + File.pathSeparator + "nowhere", root))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(root.resolve("nowhere") + ": no such folder");
    }

    @Test
    void find_ofAFolderWithoutCases_namesIt() {
        assertThatThrownBy(() -> CaseFolders.find("many/notes", root))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("holds no case");
    }
}
