/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.commands;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What became of each command: a line of JSON in a file and a line on standard output, as soon as it is known. */
final class CommandReport {

    /** How a command ended. */
    enum Status {
        OK,
        FAILED,
        STOPPED,
        NOT_RUN
    }

    /**
     * What became of a command.
     *
     * @param command what was typed
     * @param places all places where it stands
     * @param status how it ended
     * @param exit its exit code, or -1 if it was not run
     * @param seconds how long it took
     * @param detail its log file, or why it was not run
     */
    record Line(String command, List<String> places, Status status, int exit, double seconds, String detail) {}

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path file;
    private final PrintStream out;
    private final Map<String, Line> lines = new LinkedHashMap<>();

    /** A report in a file; what is there already counts if the run goes on. */
    CommandReport(Path file, boolean resumed, PrintStream out) throws IOException {
        this.file = file;
        this.out = out;
        if (resumed && Files.isRegularFile(file)) {
            for (String text : Files.readAllLines(file)) {
                JsonNode json = JSON.readTree(text);
                Line line = JSON.convertValue(json, Line.class);
                lines.put(key(line), line);
            }
        } else {
            Files.deleteIfExists(file);
        }
    }

    private static String key(Line line) {
        return key(line.command(), line.places().get(0));
    }

    private static String key(String command, String place) {
        return command.startsWith("mvn ") ? command : place.replaceFirst(":\\d+$", "") + " " + command;
    }

    /** Whether there is nothing to do any more. */
    boolean isDone(String command, String place) {
        Line line = lines.get(key(command, place));
        return line != null && (line.status() == Status.OK || line.status() == Status.NOT_RUN);
    }

    /** Forgets what no document has any more. */
    void keep(Set<String> commands) {
        lines.values().removeIf(line -> !commands.contains(line.command()));
    }

    void add(Line line) throws IOException {
        lines.put(key(line), line);
        Files.writeString(
                file, JSON.writeValueAsString(line) + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        out.printf(
                Locale.ROOT,
                "%-7s %4s %7.1f s  %s  (%s)%s%n",
                line.status().name().toLowerCase(Locale.ROOT).replace('_', ' '),
                line.exit() < 0 ? "" : line.exit(),
                line.seconds(),
                line.command(),
                String.join(", ", line.places()),
                line.status() == Status.OK ? "" : ": " + line.detail());
        out.flush();
    }

    long count(Status status) {
        return lines.values().stream().filter(line -> line.status() == status).count();
    }

    String summary() {
        return count(Status.OK) + " ran, " + count(Status.FAILED) + " failed, " + count(Status.STOPPED)
                + " took too long, " + count(Status.NOT_RUN) + " not run; " + file;
    }
}
