/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What users may rely on: the types marked stable and all that they offer, as the file {@code stable-api.txt} lists it. A
 * signature changes only together with that file, where a review sees it.
 */
class StableApiTest {

    private static final String LISTING = "/stable-api.txt";
    private static final Path FOUND = Path.of("target", "stable-api.txt");
    private static final Path ROOT = Path.of(System.getProperty("lora4j.root"));
    private static final Pattern STABLE = Pattern.compile("@apiNote Status: stable$", Pattern.MULTILINE);
    private static final String INTERNAL = ".internal.";

    @Test
    void stableApi_isTheListedOne() throws Exception {
        String found = String.join("\n", listing()) + "\n";
        Files.createDirectories(FOUND.getParent());
        Files.writeString(FOUND, found);

        assertThat(found)
                .as(
                        "the stable API; if it is meant to change, copy %s to src/test/resources%s",
                        FOUND.toAbsolutePath(), LISTING)
                .isEqualTo(listed());
    }

    @Test
    void stableApi_mentionsNothingInternal() throws Exception {
        assertThat(listing()).isNotEmpty().noneMatch(line -> line.contains(INTERNAL));
    }

    @Test
    void examples_useNothingInternal_asUsersDo() {
        noClasses()
                .that()
                .resideInAPackage("org.lora4j.integration..")
                .and()
                .resideOutsideOfPackage("org.lora4j.integration.benchmark..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.lora4j.internal..")
                .check(new ClassFileImporter()
                        .withImportOption(new DoNotIncludeTests())
                        .importPackages("org.lora4j.integration"));
    }

    private static String listed() throws IOException {
        try (InputStream stream = StableApiTest.class.getResourceAsStream(LISTING)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8).replace("\r\n", "\n");
        }
    }

    private static List<String> listing() throws Exception {
        List<String> lines = new ArrayList<>();
        List<String> stable = stableTypes();
        for (String name : stable) {
            add(Class.forName(name), stable, lines);
        }
        return lines;
    }

    /** Of all modules of the library, and of the one for Tribuo. */
    private static List<Path> sources() throws IOException {
        try (Stream<Path> modules = Files.list(ROOT.resolve("lora-dl4j"))) {
            return Stream.concat(modules.sorted(), Stream.of(ROOT.resolve("lora-tribuo")))
                    .map(module -> module.resolve("src/main/java"))
                    .filter(Files::isDirectory)
                    .toList();
        }
    }

    private static List<String> stableTypes() throws IOException {
        List<String> names = new ArrayList<>();
        for (Path sources : sources()) {
            try (Stream<Path> files = Files.walk(sources)) {
                for (Path file :
                        files.filter(f -> f.toString().endsWith(".java")).toList()) {
                    Matcher stable = STABLE.matcher(Files.readString(file));
                    if (stable.find()) {
                        String path = sources.relativize(file).toString();
                        names.add(path.substring(0, path.length() - ".java".length())
                                .replaceAll("[/\\\\]", "."));
                    }
                }
            }
        }
        return names.stream().sorted().toList();
    }

    /** A type with its public nested ones. */
    private static void add(Class<?> type, List<String> stable, List<String> lines) {
        lines.add(header(type));
        SortedMap<String, Member> members = new TreeMap<>();
        for (Constructor<?> constructor : type.getDeclaredConstructors()) {
            members.put(constructor.toGenericString(), constructor);
        }
        for (Class<?> owner = type; isOurs(owner); owner = owner.getSuperclass()) {
            // What is inherited from a type that is not listed itself belongs to this one.
            if (owner == type || !stable.contains(owner.getName().replaceAll("\\$.*", ""))) {
                for (Method method : owner.getDeclaredMethods()) {
                    members.putIfAbsent(signature(method, type), method);
                }
            }
        }
        for (Field field : type.getDeclaredFields()) {
            members.put(field.toGenericString(), field);
        }
        members.forEach((signature, member) -> {
            if (isVisible(member, type)) {
                lines.add("    " + signature);
            }
        });
        Arrays.stream(type.getDeclaredClasses())
                .filter(nested -> Modifier.isPublic(nested.getModifiers()))
                .sorted((a, b) -> a.getName().compareTo(b.getName()))
                .forEach(nested -> add(nested, stable, lines));
    }

    private static boolean isOurs(Class<?> type) {
        return type != null && type.getName().startsWith("org.lora4j.");
    }

    private static String signature(Method method, Class<?> type) {
        // Wherever it is declared, users call it on this type.
        return method.toGenericString()
                .replace(
                        method.getDeclaringClass().getName() + "." + method.getName() + "(",
                        type.getName() + "." + method.getName() + "(");
    }

    private static boolean isVisible(Member member, Class<?> type) {
        int modifiers = member.getModifiers();
        boolean forSubclasses = Modifier.isProtected(modifiers) && !Modifier.isFinal(type.getModifiers());
        boolean isSynthetic = member.isSynthetic() || (member instanceof Executable e && e.isSynthetic());
        return (Modifier.isPublic(modifiers) || forSubclasses) && !isSynthetic;
    }

    private static String header(Class<?> type) {
        TreeSet<String> parents = new TreeSet<>();
        for (Class<?> parent = type.getSuperclass(); parent != null; parent = parent.getSuperclass()) {
            if (!parent.getName().contains(INTERNAL)) {
                parents.add(parent.getName());
                break;
            }
        }
        for (Class<?> owner = type; isOurs(owner); owner = owner.getSuperclass()) {
            Arrays.stream(owner.getInterfaces()).map(Class::getName).forEach(parents::add);
        }
        String text = type.toGenericString();
        return text + (parents.isEmpty() ? "" : " : " + String.join(", ", parents));
    }
}
