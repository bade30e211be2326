/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.stranger;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A Maven project in a folder of its own, as somebody makes it who has read the README and nothing else. Its build resolves this
 * library from a repository that holds what {@code mvn install} would have put there, and everything else as any build does.
 * Projects in folders side by side are run by one Maven, which spares starting it for each.
 */
final class StrangersProject {

    /** JVMs that end before optimizing pays. */
    private static final String SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";

    static final String LOGGER = """
            <dependency>
            <groupId>org.slf4j</groupId>
            <artifactId>slf4j-simple</artifactId>
            <version>1.7.36</version>
            </dependency>
            """;

    private static final String PRINTED = "printed.txt";
    private static final String VERSION = "0.1.0-SNAPSHOT";
    private static final Path ROOT = Path.of(System.getProperty("lora4j.root"));

    private final Path folder;

    StrangersProject(Path folder, String dependencies, String program) throws IOException {
        this.folder = Files.createDirectories(folder).toAbsolutePath();
        write(
                "pom.xml",
                """
                <project xmlns="http://maven.apache.org/POM/4.0.0">
                <modelVersion>4.0.0</modelVersion>
                <groupId>stranger</groupId>
                <artifactId>%s</artifactId>
                <version>1</version>
                <properties>
                <maven.compiler.release>17</maven.compiler.release>
                <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
                <exec.args>-Xmx1g %s -Dorg.bytedeco.javacpp.maxphysicalbytes=4G -classpath %%classpath Stranger %s</exec.args>
                <exec.outputFile>%s</exec.outputFile>
                </properties>
                """.formatted(name(), SHORT_LIVED, this.folder, this.folder.resolve(PRINTED))
                        + dependencies + "</project>");
        write("src/main/java/Stranger.java", program);
    }

    private String name() {
        return folder.getFileName().toString();
    }

    void write(String file, String text) throws IOException {
        Path path = folder.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    /** The README's blocks of a language from its section on use on, in their order. */
    static List<String> readme(String language) throws IOException {
        return blocks("README.md", "## Use it", language);
    }

    /** The README's dependencies, and what shows the log. */
    static String readmeWithLogger() throws IOException {
        String dependencies = readme("xml").get(0);
        int end = dependencies.lastIndexOf("</dependencies>");
        return dependencies.substring(0, end) + LOGGER + dependencies.substring(end);
    }

    /** A document's blocks of a language from a heading on, in their order. */
    static List<String> blocks(String document, String heading, String language) throws IOException {
        List<String> blocks = new ArrayList<>();
        StringBuilder open = null;
        List<String> lines = Files.readAllLines(ROOT.resolve(document));
        for (String line : lines.subList(lines.indexOf(heading), lines.size())) {
            if (open != null && line.equals("```")) {
                blocks.add(open.toString());
                open = null;
            } else if (open != null) {
                open.append(line).append('\n');
            } else if (line.equals("```" + language)) {
                open = new StringBuilder();
            }
        }
        return blocks;
    }

    /** What {@code mvn install} leaves, without its repository. */
    static void install(Path repository) throws IOException {
        install(repository, "lora4j-parent", ROOT, "pom");
        install(repository, "lora4j-libraries", ROOT.resolve("lora-dl4j"), "pom");
        try (Stream<Path> modules = Files.list(ROOT.resolve("lora-dl4j"))) {
            for (Path module : modules.filter(folder -> Files.exists(folder.resolve("pom.xml")))
                    .toList()) {
                String name = module.getFileName().toString();
                switch (name) {
                    case "bom" -> install(repository, "lora4j-bom", module, "pom");
                    case "library" -> install(repository, "lora-dl4j", module, "jar");
                    default -> install(repository, "lora-dl4j-" + name, module, "jar");
                }
            }
        }
    }

    private static void install(Path repository, String artifact, Path module, String packaging) throws IOException {
        String name = artifact + "-" + VERSION;
        Path target = Files.createDirectories(
                repository.resolve("org/lora4j").resolve(artifact).resolve(VERSION));
        copy(module.resolve("pom.xml"), target.resolve(name + ".pom"));
        Path jar = module.resolve("target").resolve(name + ".jar");
        // One of a module that nothing here needs may still be built beside this one; Maven says what is missing.
        if (packaging.equals("jar") && Files.exists(jar)) {
            copy(jar, target.resolve(name + ".jar"));
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Compiles and runs the program; gives all that it printed. */
    String run(Path repository) throws IOException, InterruptedException {
        return runAll(repository, List.of(this)).get(0);
    }

    /** Compiles and runs programs, one after the other; gives what Maven said of all, and what each printed. */
    static List<String> runAll(Path repository, List<StrangersProject> projects)
            throws IOException, InterruptedException {
        Path parent = projects.get(0).folder.getParent();
        Files.writeString(parent.resolve("pom.xml"), """
                <project xmlns="http://maven.apache.org/POM/4.0.0">
                <modelVersion>4.0.0</modelVersion>
                <groupId>stranger</groupId>
                <artifactId>side-by-side</artifactId>
                <version>1</version>
                <packaging>pom</packaging>
                <properties><exec.skip>true</exec.skip></properties>
                <modules>%s</modules>
                </project>
                """.formatted(projects.stream()
                .map(project -> "<module>" + project.name() + "</module>")
                .collect(Collectors.joining())));
        Path log = parent.resolve("maven.txt");
        int exit = maven(repository, parent, log);
        String said = Files.readString(log, StandardCharsets.UTF_8);
        List<String> printed = new ArrayList<>();
        for (StrangersProject project : projects) {
            Path file = project.folder.resolve(PRINTED);
            printed.add(said + (Files.exists(file) ? Files.readString(file, StandardCharsets.UTF_8) : ""));
        }
        if (exit != 0) {
            throw new IOException("a stranger's build failed with " + exit + ":\n" + String.join("\n", printed));
        }
        return printed;
    }

    private static int maven(Path repository, Path folder, Path log) throws IOException, InterruptedException {
        String mvn = System.getProperty("os.name").startsWith("Windows") ? "mvn.cmd" : "mvn";
        ProcessBuilder build = new ProcessBuilder(
                        Path.of(System.getProperty("stranger.maven"), "bin", mvn)
                                .toString(),
                        "-B",
                        "-ntp",
                        "-q",
                        "--fail-at-end",
                        "-Dmaven.repo.local=" + repository.toAbsolutePath(),
                        // What was downloaded for this build need not be downloaded again.
                        "-Dmaven.repo.local.tail=" + System.getProperty("stranger.repository"),
                        "-Dexec.executable=" + Path.of(System.getProperty("java.home"), "bin", "java"),
                        "compile",
                        "org.codehaus.mojo:exec-maven-plugin:" + System.getProperty("stranger.exec") + ":exec")
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        build.environment().keySet().removeIf(name -> name.startsWith("OMP_"));
        build.environment().merge("MAVEN_OPTS", SHORT_LIVED, (own, more) -> own + " " + more);
        Process process = build.start();
        if (!process.waitFor(10, TimeUnit.MINUTES)) {
            process.destroyForcibly();
        }
        return process.waitFor();
    }
}
