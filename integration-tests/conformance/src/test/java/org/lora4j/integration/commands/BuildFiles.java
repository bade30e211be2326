/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.commands;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the poms of the build offer to type: profiles, modules, properties that something reads. */
final class BuildFiles {

    private static final Pattern PROFILE = Pattern.compile("<profile>(.*?)</profile>", Pattern.DOTALL);
    private static final Pattern ID = Pattern.compile("<id>([^<]+)</id>");
    private static final Pattern ACTIVATION = Pattern.compile(
            "<activation>\\s*<property>\\s*<name>!?([^<]+)</name>(?:\\s*<value>([^<]+)</value>)?", Pattern.DOTALL);
    private static final Pattern READ = Pattern.compile("\\$\\{([\\w.]+)}");
    private static final Pattern REQUIRED = Pattern.compile(
            "<requireProperty>\\s*<property>([^<]+)</property>(?:\\s*<regex>([^<]+)</regex>)?", Pattern.DOTALL);
    private static final Pattern ARTIFACT = Pattern.compile("<artifactId>([^<]+)</artifactId>");
    private static final Pattern QUOTED = Pattern.compile("\"([a-z][\\w]*(?:[.-]\\w+)*)\"");
    private static final Pattern SKIPS = Pattern.compile("<(skipTests|maven.test.skip)>true<");

    /**
     * A part of a pom: what always holds, or a profile.
     *
     * @param profile the name of the profile, or nothing
     * @param text its text
     */
    private record Part(Optional<String> profile, String text) {

        Optional<Matcher> activation() {
            Matcher activation = ACTIVATION.matcher(text);
            return activation.find() ? Optional.of(activation) : Optional.empty();
        }

        /** Whether it holds for a call. */
        boolean isOf(MavenCall call) {
            return profile.isEmpty()
                    || call.profiles().contains(profile.get())
                    || activation()
                            .filter(by -> by.group().contains("!")
                                    || call.properties().containsKey(by.group(1))
                                            && (by.group(2) == null
                                                    || by.group(2)
                                                            .equals(call.properties()
                                                                    .get(by.group(1)))))
                            .isPresent();
        }
    }

    private final Path root;
    private final List<Part> parts = new ArrayList<>();
    private final Set<String> inSources = new TreeSet<>();

    private BuildFiles(Path root) {
        this.root = root;
    }

    static BuildFiles of(Path root) throws IOException {
        BuildFiles files = new BuildFiles(root);
        for (String top : List.of("pom.xml", "lora-dl4j", "lora-tribuo", "integration-tests")) {
            try (Stream<Path> found =
                    Files.find(root.resolve(top), Integer.MAX_VALUE, (file, of) -> of.isRegularFile())) {
                for (Path file : found.filter(file -> !file.toString().contains("target"))
                        .toList()) {
                    files.add(file);
                }
            }
        }
        return files;
    }

    private void add(Path file) throws IOException {
        if (file.endsWith("pom.xml")) {
            String pom = Files.readString(file).replaceAll("(?s)<!--.*?-->", "");
            Matcher profile = PROFILE.matcher(pom);
            while (profile.find()) {
                Matcher id = ID.matcher(profile.group(1));
                id.find();
                parts.add(new Part(Optional.of(id.group(1)), profile.group(1)));
            }
            parts.add(new Part(Optional.empty(), profile.replaceAll("")));
        } else if (file.toString().endsWith(".java")) {
            Matcher quoted = QUOTED.matcher(Files.readString(file));
            while (quoted.find()) {
                inSources.add(quoted.group(1));
            }
        }
    }

    boolean hasProfile(String name) {
        return parts.stream().anyMatch(part -> part.profile().equals(Optional.of(name)));
    }

    /** A folder with a pom, or {@code :artifact}. */
    boolean hasModule(String name) {
        return name.startsWith(":")
                ? parts.stream().anyMatch(part -> part.text().contains("<artifactId>" + name.substring(1) + "<"))
                : Files.isRegularFile(root.resolve(name).resolve("pom.xml"));
    }

    /** Whether a plugin of the build has this prefix, as {@code spotless} in {@code spotless:apply}. */
    boolean hasPlugin(String prefix) {
        return parts.stream()
                .flatMap(part -> ARTIFACT.matcher(part.text()).results())
                .anyMatch(artifact -> artifact.group(1).equals(prefix + "-maven-plugin")
                        || artifact.group(1).equals("maven-" + prefix + "-plugin"));
    }

    /** Whether a property changes something in any call. */
    boolean reads(String property) {
        return inSources.contains(property) || reads(property, part -> true);
    }

    /** Whether a property changes something in this call: a program in a process of its own sees what its profile hands on. */
    boolean reads(String property, MavenCall call) {
        boolean runsTests = parts.stream()
                .filter(part -> part.profile().isPresent() && part.isOf(call))
                .noneMatch(part -> SKIPS.matcher(part.text()).find());
        return runsTests && inSources.contains(property) || reads(property, part -> part.isOf(call));
    }

    private boolean reads(String property, Predicate<Part> of) {
        return parts.stream()
                .filter(of)
                .anyMatch(part -> Stream.of(READ, REQUIRED, ACTIVATION)
                        .flatMap(pattern -> pattern.matcher(part.text()).results())
                        .anyMatch(found -> found.group(1).equals(property)));
    }

    /** The values that a property may have, if the build names them. */
    Optional<Set<String>> values(String property) {
        Set<String> values = parts.stream()
                .flatMap(part -> REQUIRED.matcher(part.text()).results())
                .filter(required -> required.group(1).equals(property) && required.group(2) != null)
                .flatMap(required -> Stream.of(required.group(2).split("\\|")))
                .collect(Collectors.toCollection(TreeSet::new));
        parts.stream()
                .flatMap(part -> part.activation().stream())
                .filter(by -> by.group(1).equals(property) && by.group(2) != null)
                .forEach(by -> values.add(by.group(2)));
        return values.size() > 1 ? Optional.of(values) : Optional.empty();
    }
}
