/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.internal.http.HttpProblem;

/** Which names a server on Windows takes from an administrator; {@code AdministrationTest} has those of this machine. */
class LoadFoldersTest {

    private FileSystem windows;
    private LoadFolders folders;

    @BeforeEach
    void create() throws IOException {
        windows = Jimfs.newFileSystem(Configuration.windows().toBuilder()
                .setRoots("C:\\", "D:\\", "\\\\host\\share\\")
                .setWorkingDirectory("C:\\work")
                .build());
        for (String name :
                List.of("C:\\models\\tickets", "C:\\secret", "D:\\models\\tickets", "\\\\host\\share\\tickets")) {
            Files.createDirectories(windows.getPath(name));
        }
        folders = new LoadFolders(List.of(windows.getPath("C:\\models")));
    }

    @AfterEach
    void close() throws IOException {
        windows.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"C:\\models\\tickets", "c:\\MODELS\\Tickets", "C:/models/tickets", "..\\models\\tickets"})
    void directoryBelowTheFolder_isTaken(String name) {
        Path expected = windows.getPath("C:\\models\\tickets");
        assertThat(folders.directory(name)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "C:\\models",
                "C:\\secret",
                "C:\\models\\..\\secret",
                "D:\\models\\tickets",
                "\\\\host\\share\\tickets",
                "//host/share/tickets",
                "C:\\models\\a<b>",
                "C:\\models\\missing"
            })
    void anythingElse_isRefused_inTheSameWords(String name) {
        assertThatThrownBy(() -> folders.directory(name))
                .isInstanceOf(HttpProblem.class)
                .hasMessageContaining("is no directory, with all that is in it, below a folder");
    }
}
