/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.commands;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Where commands run: clones of the sources, what is on the path, and one shell for each command.
 *
 * @param checkout the sources that are cloned
 * @param folder where everything is made
 * @param maven the program {@code mvn}
 * @param repository the local repository of Maven, without artifacts of this project
 * @param mavenOptions more options of each call of Maven
 * @param shared published data, or a folder that is not there
 * @param minutes how long a command may take
 */
record Workplace(
        Path checkout, Path folder, Path maven, Path repository, String mavenOptions, Path shared, long minutes) {

    /** What stopped after its time ends with, as the command {@code timeout} has it. */
    static final int STOPPED = 124;

    private static final int READY_SECONDS = 180;
    private static final int SAID_EVERY_MILLIS = 50;

    /** The clone with the program; it stays as the build left it. */
    Path sources() {
        return folder.resolve("sources");
    }

    /** The clone that each command of Maven gets as git left it. */
    Path fresh() {
        return folder.resolve("clone");
    }

    Path logs() {
        return folder.resolve("logs");
    }

    Path program() {
        return sources().resolve("lora-dl4j/cli/target/lora4j");
    }

    boolean hasShared() {
        return Files.isDirectory(shared);
    }

    /** Makes the clones and the programs on the path anew, or takes those of the run that goes on. */
    void prepare(boolean resumed) throws IOException, InterruptedException {
        Files.createDirectories(logs());
        if (!resumed) {
            must("rm -rf sources clone fixtures stories home natives");
        }
        Files.createDirectories(folder.resolve("home"));
        for (Path clone : List.of(sources(), fresh())) {
            if (!Files.isDirectory(clone)) {
                must("git clone -q '" + checkout + "' '" + clone + "'");
            }
        }
        Path beside = folder.resolve("shared");
        if (hasShared() && !Files.exists(beside)) {
            Files.createSymbolicLink(beside, shared);
        }
        write(
                "mvn",
                "exec '" + maven + "' -B -ntp -Dmaven.repo.local='" + repository + "' " + mavenOptions + " \"$@\"");
        write("lora4j", "exec '" + program().resolve("lora4j") + "' \"$@\"");
        // An answer that says no is a failure, too.
        write("curl", "PATH=${PATH#*:} exec curl -sS --fail-with-body \"$@\"");
    }

    private void write(String name, String line) throws IOException {
        Path script = Files.createDirectories(folder.resolve("bin")).resolve(name);
        Files.writeString(script, "#!/bin/sh\n" + line + "\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** As a stranger has it: no output of another build, no artifact of this project in the local repository. */
    void clean() throws IOException, InterruptedException {
        must("git -C '" + fresh() + "' clean -xdfq && rm -rf '" + repository.resolve("org/lora4j") + "'");
    }

    /** Runs what has to succeed. */
    void must(String line) throws IOException, InterruptedException {
        Path log = logs().resolve("preparation.log");
        int code = run(line, folder, log);
        if (code != 0) {
            throw new IOException(line + " ended with " + code + "; see " + log);
        }
    }

    /** Runs a line to its end, or until its time is over. */
    int run(String line, Path in, Path log) throws IOException, InterruptedException {
        Process process = start(line, in, log);
        if (process.waitFor(minutes, TimeUnit.MINUTES)) {
            return process.exitValue();
        }
        try (Stream<ProcessHandle> children = process.descendants()) {
            children.forEach(ProcessHandle::destroy);
        }
        process.destroy();
        process.waitFor();
        return STOPPED;
    }

    /** Starts a line that goes on, and waits until it says that it serves. */
    Process serve(String line, Path in, Path log) throws IOException, InterruptedException {
        Process process = start("exec " + line, in, log);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(READY_SECONDS);
        while (!Files.readString(log).contains("serving at ")) {
            if (!process.isAlive() || System.nanoTime() > end) {
                process.destroy();
                throw new IOException(line + " does not serve; see " + log);
            }
            Thread.sleep(SAID_EVERY_MILLIS);
        }
        return process;
    }

    private Process start(String line, Path in, Path log) throws IOException {
        ProcessBuilder builder = new ProcessBuilder("bash", "-c", line)
                .directory(in.toFile())
                .redirectErrorStream(true)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(log.toFile());
        Map<String, String> environment = builder.environment();
        environment.put("PATH", folder.resolve("bin") + ":" + environment.get("PATH"));
        environment.put("ROOT", sources().toString());
        environment.put("PROGRAM", program().toString());
        environment.put("SHARED", shared.toString());
        environment.put("FIXTURES", folder.resolve("fixtures").toString());
        environment.put("LORA4J_CACHE", folder.resolve("natives").toString());
        environment.put("ADMIN", "token-of-administrators");
        if (!in.startsWith(sources()) && !in.startsWith(fresh())) {
            environment.put("HOME", folder.resolve("home").toString());
        }
        // What the surrounding Maven told its own Java is not for others.
        environment.remove("MAVEN_CMD_LINE_ARGS");
        environment.remove("MAVEN_PROJECTBASEDIR");
        return builder.start();
    }
}
