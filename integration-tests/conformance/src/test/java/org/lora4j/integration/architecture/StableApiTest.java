/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.architecture;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
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
    private static final Pattern LISTED_TYPE =
            Pattern.compile("^\\S.*?(?:class|interface|enum|record) ([\\w.$]+)", Pattern.MULTILINE);
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
    void typesThatSayStable_areTheListedOnes_nestedOnesToo() throws Exception {
        assertThat(typesThatSayStable())
                .isNotEmpty()
                .containsExactlyInAnyOrderElementsOf(LISTED_TYPE
                        .matcher(listed())
                        .results()
                        .map(type -> type.group(1))
                        .toList());
    }

    @Test
    void everyType_saysOneStatusAtMost() throws Exception {
        assertThat(DeclaredStatus.in(sources()))
                .isNotEmpty()
                .allSatisfy((type, statuses) -> assertThat(statuses).as(type).hasSizeLessThan(2));
    }

    @Test
    void stableApi_mentionsNothingInternal() throws Exception {
        assertThat(listing()).isNotEmpty().noneMatch(line -> line.contains(INTERNAL));
    }

    @Test
    void signaturesOfStableTypes_nameNoTypeThatMayChange() throws Exception {
        List<String> stable = stableTypes();
        SortedMap<String, SortedSet<String>> offenders = new TreeMap<>();
        for (String name : stable) {
            addOffenders(Class.forName(name), stable, offenders);
        }

        assertThat(stable).isNotEmpty();
        assertThat(offenders.entrySet().stream()
                        .map(offender -> "%n%s, named by%n    %s"
                                .formatted(offender.getKey(), String.join("\n    ", offender.getValue()))))
                .as("types that signatures of stable ones name and that are not stable themselves; mark them stable, or"
                        + " hide what names them")
                .isEmpty();
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
        return typesThatSayStable().stream().filter(name -> !name.contains("$")).toList();
    }

    private static List<String> typesThatSayStable() throws IOException {
        return DeclaredStatus.in(sources()).entrySet().stream()
                .filter(type -> type.getValue().contains("stable"))
                .map(Map.Entry::getKey)
                .toList();
    }

    /** A type with its public nested ones. */
    private static void add(Class<?> type, List<String> stable, List<String> lines) {
        lines.add(header(type));
        members(type, stable).keySet().forEach(signature -> lines.add("    " + signature));
        nested(type).forEach(nested -> add(nested, stable, lines));
    }

    private static List<Class<?>> nested(Class<?> type) {
        return Arrays.stream(type.getDeclaredClasses())
                .filter(nested -> Modifier.isPublic(nested.getModifiers()))
                .sorted(Comparator.comparing(Class::getName))
                .toList();
    }

    /** What users can call on a type, by signature. */
    private static SortedMap<String, Member> members(Class<?> type, List<String> stable) {
        SortedMap<String, Member> members = new TreeMap<>();
        for (Constructor<?> constructor : type.getDeclaredConstructors()) {
            members.put(constructor.toGenericString(), constructor);
        }
        for (Class<?> owner = type; isOurs(owner); owner = owner.getSuperclass()) {
            // What is inherited from a type that is not listed itself belongs to this one.
            if (owner == type || !stable.contains(outermost(owner))) {
                for (Method method : owner.getDeclaredMethods()) {
                    members.putIfAbsent(signature(method, type), method);
                }
            }
        }
        for (Field field : type.getDeclaredFields()) {
            members.put(field.toGenericString(), field);
        }
        members.values().removeIf(member -> !isVisible(member, type));
        return members;
    }

    /** Types of this library that may change, each with the signatures of a stable type that name it. */
    private static void addOffenders(
            Class<?> type, List<String> stable, SortedMap<String, SortedSet<String>> offenders) {
        SignatureTypes.ofHeader(type).forEach(named -> addOffender(named, header(type), stable, offenders));
        members(type, stable)
                .forEach((signature, member) ->
                        SignatureTypes.of(member).forEach(named -> addOffender(named, signature, stable, offenders)));
        nested(type).forEach(nested -> addOffenders(nested, stable, offenders));
    }

    private static void addOffender(
            Class<?> named, String where, List<String> stable, SortedMap<String, SortedSet<String>> offenders) {
        if (isOurs(named) && !(isPublic(named) && stable.contains(outermost(named)))) {
            offenders.computeIfAbsent(named.getName(), name -> new TreeSet<>()).add(where);
        }
    }

    /** Whether users can name a type: it and all around it are public. */
    private static boolean isPublic(Class<?> type) {
        return type == null || (Modifier.isPublic(type.getModifiers()) && isPublic(type.getDeclaringClass()));
    }

    private static String outermost(Class<?> type) {
        return type.getName().replaceAll("\\$.*", "");
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
        // Newer JDKs print whether a type is sealed, older ones do not.
        String text = type.toGenericString().replaceFirst("\\b(non-)?sealed ", "");
        return text + (parents.isEmpty() ? "" : " : " + String.join(", ", parents));
    }
}
