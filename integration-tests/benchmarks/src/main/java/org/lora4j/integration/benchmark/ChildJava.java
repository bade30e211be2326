/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A process that does one thing and prints numbers by name. */
final class ChildJava {

    private static final String MARK = "@number\t";

    private ChildJava() {}

    /** Called by the child. */
    static void tell(String name, double value) {
        System.out.println(MARK + name + "\t" + value);
    }

    /**
     * Runs a main class and gives what it told.
     *
     * @throws IOException if it fails
     */
    static Map<String, Double> run(
            Class<?> main, List<String> options, List<String> arguments, Map<String, String> environment)
            throws IOException {
        return run(Path.of(System.getProperty("java.home")), main, options, arguments, environment);
    }

    /** The same on the JDK of a folder. */
    static Map<String, Double> run(
            Path home, Class<?> main, List<String> options, List<String> arguments, Map<String, String> environment)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(home.resolve("bin").resolve("java").toString());
        command.addAll(options);
        command.addAll(StandIn.asked().options());
        command.add(main.getName());
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        // Not as an argument: ONNX Runtime 1.29 reads the command line when it is loaded, and a long one overflows the
        // stack.
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        builder.environment().putAll(environment);
        builder.environment().putAll(StandIn.asked().environment());
        Process process = builder.start();
        Map<String, Double> told = new LinkedHashMap<>();
        try (var lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(MARK)) {
                    String[] words = line.substring(MARK.length()).split("\t");
                    told.put(words[0], Double.parseDouble(words[1]));
                } else {
                    System.out.println(line);
                }
            }
            int status = process.waitFor();
            if (status != 0) {
                throw new IOException(main.getSimpleName() + " " + arguments + ": the process ended with status "
                        + status + "; expected 0. Its messages are above.");
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException(main.getSimpleName() + ": interrupted", e);
        }
        return told;
    }
}
