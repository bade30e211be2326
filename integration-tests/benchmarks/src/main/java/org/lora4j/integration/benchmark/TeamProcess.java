/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A process with the contenders of one {@link Team}, which waits while others have their turn. */
final class TeamProcess implements AutoCloseable {

    /** What lines that count start with. */
    static final String MARK = "@benchmark\t";

    private static final int SECONDS_TO_END = 20;

    private final Process process;
    private final Writer requests;
    private final BufferedReader answers;
    private final Map<String, String> facts = new LinkedHashMap<>();
    private final Map<String, String> labels = new LinkedHashMap<>();

    private TeamProcess(Process process) {
        this.process = process;
        this.requests = process.outputWriter(StandardCharsets.UTF_8);
        this.answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /**
     * Starts a team.
     *
     * @throws IOException if it does not get ready; its messages are printed
     */
    static TeamProcess start(Team team, int threads, String only) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(team.options());
        command.addAll(StandIn.asked().options());
        command.add("-D" + Turn.PROPERTY + "=" + threads);
        command.addAll(List.of("-cp", System.getProperty("java.class.path").replace("\n", File.pathSeparator)));
        command.addAll(List.of(TeamMain.class.getName(), team.name(), only));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        // A kernel chosen by hand would not be the one that users get, nor would threads.
        builder.environment().keySet().removeIf(name -> name.startsWith("OPENBLAS_") || name.startsWith("OMP_"));
        builder.environment().putAll(team.environment(threads));
        builder.environment().putAll(StandIn.asked().environment());
        TeamProcess started = new TeamProcess(builder.start());
        try {
            started.answer();
        } catch (IOException e) {
            started.close();
            throw e;
        }
        return started;
    }

    Map<String, String> facts() {
        return facts;
    }

    /** Of the contenders, by key. */
    Map<String, String> labels() {
        return labels;
    }

    List<Turn> turns(String key) throws IOException {
        requests.write(key + "\n");
        requests.flush();
        return answer();
    }

    private List<Turn> answer() throws IOException {
        List<Turn> turns = new ArrayList<>();
        for (String line = answers.readLine(); line != null; line = answers.readLine()) {
            if (!line.startsWith(MARK)) {
                System.out.println(line);
                continue;
            }
            String[] words = line.substring(MARK.length()).split("\t");
            switch (words[0]) {
                case "fact" -> facts.put(words[1], words[2]);
                case "contender" -> labels.put(words[1], words[2]);
                case "turn" -> turns.add(new Turn(Double.parseDouble(words[1]), Double.parseDouble(words[2])));
                default -> {
                    return turns;
                }
            }
        }
        throw new IOException("its process ended; expected an answer. Its messages are above.");
    }

    @Override
    public void close() {
        try {
            requests.close();
            if (!process.waitFor(SECONDS_TO_END, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
