/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Processes that compute without an end, as others on a busy machine do. They end when this is closed, when the process that
 * started them ends in whatever way, and after some minutes at the latest.
 */
final class Spinners implements AutoCloseable {

    private final List<Process> processes = new ArrayList<>();

    private Spinners() {}

    /**
     * Starts some.
     *
     * @param count how many; 0 for a machine that is left as it is
     * @throws IOException if one does not start; none runs then
     */
    static Spinners start(int count) throws IOException {
        Spinners spinners = new Spinners();
        try {
            for (int i = 0; i < count; i++) {
                spinners.processes.add(new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString(),
                                "-Xmx16m",
                                "-XX:+UseSerialGC",
                                "-cp",
                                System.getProperty("java.class.path").replace("\n", File.pathSeparator),
                                SpinnerMain.class.getName())
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start());
            }
        } catch (IOException e) {
            spinners.close();
            throw e;
        }
        return spinners;
    }

    @Override
    public void close() {
        processes.forEach(Process::destroyForcibly);
    }
}
