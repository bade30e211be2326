/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * The program in a process of its own, as a user has it. In {@code mvn -Pcli verify} the property {@code lora4j.cli} names the folder of the
 * built jar, and its launch script starts it.
 */
final class CliProcess {

    /** What starts a process that hears signals, where the machine has such a program. */
    private static final List<String> HEARS_SIGNALS = hearingSignals();

    private static final long SECONDS = 300;
    private static final String BUILT = System.getProperty("lora4j.cli", "");

    /** Small, as several run at once. */
    private static final List<String> JAVA = List.of(
            "-Xmx700m",
            "-XX:TieredStopAtLevel=1",
            "-Dorg.bytedeco.javacpp.maxbytes=1G",
            "-Dorg.bytedeco.javacpp.maxphysicalbytes=3G");

    /** What a process said, and how it ended. */
    record Result(int code, String out, String err) {

        String both() {
            return out + err;
        }
    }

    private final Path folder;
    private final Map<String, String> environment = new LinkedHashMap<>();
    private final List<String> options = new ArrayList<>();
    private Path out;
    private String script;

    private CliProcess(Path folder) {
        this.folder = folder;
    }

    /** A process with a working directory. */
    static CliProcess in(Path folder) {
        return new CliProcess(folder);
    }

    CliProcess with(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    CliProcess option(String option) {
        options.add(option);
        return this;
    }

    /** Sends the result somewhere, and reads none. */
    CliProcess outTo(Path file) {
        out = file;
        return this;
    }

    /** Starts it by a script in a space of its own, in which file systems can be mounted; {@code "$@"} is the program. */
    CliProcess shell(String lines) {
        script = lines;
        return this;
    }

    Result run(String... arguments) throws IOException, InterruptedException {
        Running running = start(arguments);
        return running.end();
    }

    /** What runs. */
    final class Running {

        private final Process process;
        private final Path out;
        private final Path err;

        private Running(Process process, Path out, Path err) {
            this.process = process;
            this.out = out;
            this.err = err;
        }

        Process process() {
            return process;
        }

        String out() throws IOException {
            return Files.readString(out);
        }

        String err() throws IOException {
            return Files.readString(err);
        }

        /** Waits until the process has said something on standard error. */
        void waitFor(String words) throws IOException, InterruptedException {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
            while (!err().contains(words)) {
                if (!process.isAlive() || System.nanoTime() > end) {
                    throw new AssertionError("it did not say \"" + words + "\": " + err());
                }
                Thread.sleep(5);
            }
        }

        void signal(String name) throws IOException, InterruptedException {
            new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid()))
                    .start()
                    .waitFor();
        }

        Result end() throws IOException, InterruptedException {
            if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("it did not end: " + err());
            }
            return new Result(process.exitValue(), Files.isRegularFile(out) ? Files.readString(out) : "", err());
        }
    }

    Running start(String... arguments) throws IOException {
        return start(null, arguments);
    }

    Running start(Path input, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(HEARS_SIGNALS);
        command.addAll(script == null ? List.of() : List.of("unshare", "-rm", "sh", "-c", script, "sh"));
        List<String> java = new ArrayList<>(JAVA);
        java.addAll(options);
        if (BUILT.isEmpty()) {
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            command.addAll(java);
            command.addAll(List.of("-XX:+UseSerialGC", "-cp", classPath(), Lora4j.class.getName()));
        } else {
            command.add(Path.of(BUILT, "lora4j").toString());
        }
        command.addAll(Arrays.asList(arguments));
        Path result = out == null ? Files.createTempFile("lora4j-out", ".txt") : out;
        Path err = Files.createTempFile("lora4j-err", ".txt");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectInput(input == null ? new File("/dev/null") : input.toFile())
                .redirectOutput(result.toFile())
                .redirectError(err.toFile());
        builder.environment().put("LC_ALL", "C.UTF-8");
        builder.environment().put("OMP_NUM_THREADS", "1");
        if (!BUILT.isEmpty()) {
            builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
            builder.environment().put("JAVA_OPTS", String.join(" ", java));
        }
        environment.forEach((name, value) -> {
            if (value == null) {
                builder.environment().remove(name);
            } else {
                builder.environment().put(name, value);
            }
        });
        return new Running(builder.start(), result, err);
    }

    /** A build that a script started in the background ignores Ctrl-C, and what it starts would do so, too. */
    private static List<String> hearingSignals() {
        List<String> command = List.of("env", "--default-signal=INT,QUIT,HUP,TERM");
        List<String> trial = new ArrayList<>(command);
        trial.add("true");
        try {
            return new ProcessBuilder(trial).start().waitFor() == 0 ? command : List.of();
        } catch (IOException e) {
            return List.of();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What the program has, without what tests add. */
    private static String classPath() {
        String whole = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return Arrays.stream(whole.split(File.pathSeparator))
                .filter(entry -> !entry.contains("test-classes"))
                .filter(entry -> !entry.contains("slf4j-simple") && !entry.contains("slf4j-api-1."))
                .collect(Collectors.joining(File.pathSeparator));
    }

    static Path write(Path file, String text) throws IOException {
        return Files.write(file, text.getBytes(StandardCharsets.UTF_8));
    }
}
