/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What every public type promises; read from the sources where class files do not tell. */
abstract class PublicApiTest {

    private static final Pattern PUBLIC_TYPE = Pattern.compile(
            "^public (?:(?:final|abstract|sealed|non-sealed) )*(?:class|interface|@interface|enum|record) (\\w+)",
            Pattern.MULTILINE);
    private static final Pattern STATUS =
            Pattern.compile("@apiNote Status: (stable|experimental|internal)$", Pattern.MULTILINE);

    private static final JavaClasses MAIN = MainClasses.ALL;

    /** The declared status of every public top-level type, "none" where there is none. */
    private static final Map<String, String> STATUS_BY_TYPE = statusByType();

    private static Map<String, String> statusByType() {
        Map<String, String> found = new TreeMap<>();
        for (Path folder : Modules.sources()) {
            for (Path file : sources(folder)) {
                String text = read(file);
                Matcher type = PUBLIC_TYPE.matcher(text);
                if (type.find()) {
                    Matcher status = STATUS.matcher(text.substring(0, type.start()));
                    found.put(nameOf(folder.relativize(file)), status.find() ? status.group(1) : "none");
                }
            }
        }
        return found;
    }

    private static List<Path> sources(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(".java"))
                    .filter(file -> !file.endsWith("package-info.java"))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String nameOf(Path file) {
        String relative = file.toString();
        return relative.substring(0, relative.length() - ".java".length()).replaceAll("[/\\\\]", ".");
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void everyPackage_explainsItself() {
        assertThat(Modules.sources().stream()
                        .flatMap(folder -> sources(folder).stream())
                        .map(Path::getParent)
                        .distinct())
                .isNotEmpty()
                .allSatisfy(folder ->
                        assertThat(folder.resolve("package-info.java")).exists());
    }

    @Test
    void everyPublicType_declaresItsStatus() {
        assertThat(STATUS_BY_TYPE).isNotEmpty().doesNotContainValue("none");
        assertThat(MAIN.stream().map(JavaClass::getName))
                .as("class files that the rules see, of all modules")
                .containsAll(STATUS_BY_TYPE.keySet());
    }

    @Test
    void publicTypes_areInternal_inInternalPackagesAndNowhereElse() {
        STATUS_BY_TYPE.forEach((type, status) ->
                assertThat(status.equals("internal")).as(type + ": " + status).isEqualTo(type.contains(".internal.")));
    }

    @Test
    void signaturesOfStableTypes_mentionNoInternalType() {
        assertThat(STATUS_BY_TYPE).containsValue("stable");
        classes().that().arePublic().should(mentionNoInternalType()).check(MAIN);
    }

    private static ArchCondition<JavaClass> mentionNoInternalType() {
        return new ArchCondition<>("mention no internal type in a public signature, if they are stable") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                if (!"stable".equals(STATUS_BY_TYPE.get(outer(type)))) {
                    return;
                }
                Stream.concat(Stream.of(type), type.getAllRawSuperclasses().stream())
                        .filter(owner -> owner.getName().startsWith("org.lora4j"))
                        .flatMap(owner -> Stream.of(owner.getFields(), owner.getConstructors(), owner.getMethods()))
                        .flatMap(members -> members.stream())
                        .filter(member -> isVisible(member, type))
                        .forEach(member -> member.getAllInvolvedRawTypes()
                                .forEach(used -> report(used, member.getFullName(), events)));
            }
        };
    }

    private static void report(JavaClass used, String where, ConditionEvents events) {
        if (isInternal(used)) {
            events.add(SimpleConditionEvent.violated(used, where + " mentions internal " + used.getName()));
        }
    }

    // What subclasses see is for nobody where there can be none.
    private static boolean isVisible(JavaMember member, JavaClass type) {
        return member.getModifiers().contains(JavaModifier.PUBLIC)
                || (member.getModifiers().contains(JavaModifier.PROTECTED)
                        && !type.getModifiers().contains(JavaModifier.FINAL));
    }

    private static String outer(JavaClass type) {
        return type.getName().replaceFirst("\\$.*", "");
    }

    private static boolean isInternal(JavaClass type) {
        String outer = outer(type);
        return outer.startsWith("org.lora4j")
                && ((outer + ".").contains(".internal.") || "internal".equals(STATUS_BY_TYPE.get(outer)));
    }
}
