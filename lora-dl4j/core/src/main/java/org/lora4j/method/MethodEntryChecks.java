/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.lora4j.error.Problems;

/** What is wrong with a method that a program adds. */
final class MethodEntryChecks {

    private static final Pattern NAME = Pattern.compile("[A-Z][A-Z0-9_]*");
    private static final Pattern LETTERS = Pattern.compile("[A-Za-z]+");
    private static final Pattern SUFFIX = Pattern.compile("[A-Za-z0-9_]+(\\.[A-Za-z0-9_]+)*");

    private final MethodEntry<?> entry;
    private final RegisteredMethods others;
    private final Problems problems = new Problems();

    MethodEntryChecks(MethodEntry<?> entry, RegisteredMethods others) {
        this.entry = entry;
        this.others = others;
    }

    void throwIfAny() {
        String type = entry.peftType();
        problems.check(
                NAME.matcher(type).matches(), "peftType = \"" + type + "\", expected capitals, digits and underscores");
        problems.check(others.entry(type).isEmpty(), "peftType = " + type + " is taken, expected a new name");
        problems.check(
                others.entries().stream().noneMatch(other -> other.config() == entry.config()),
                entry.config().getSimpleName() + " is the config of another method, expected one of its own");
        problems.check(
                entry.hasMethod() != entry.variants().isEmpty(),
                (entry.hasMethod() ? "a method" : "no method") + " and "
                        + entry.variants().size()
                        + " saved variants, expected at least one of them with a method, and none without");
        problems.check(
                entry.variants().size() == entry.saved().size(),
                "two saved variants have one name among "
                        + entry.variants().stream().map(MethodTraits::savedName).toList()
                        + ", expected different names");
        entry.variants().forEach(this::check);
        problems.throwIfAny("AdapterMethods.register, method " + type);
    }

    private void check(MethodTraits traits) {
        String name = traits.savedName();
        problems.check(
                NAME.matcher(name).matches(), "saved = \"" + name + "\", expected capitals, digits and underscores");
        problems.check(
                !others.saved().containsKey(name) && !name.equals(TokenRowsMethod.ID),
                "saved = " + name + " is taken, expected a new name");
        problems.check(!traits.name().isBlank(), name + ": name is empty, expected a name for messages");
        problems.check(!traits.suffixes().isEmpty(), name + ": no factor, expected at least one");
        String prefix = entry.peftType().toLowerCase(Locale.ROOT) + "_";
        traits.allSuffixes().forEach(suffix -> {
            problems.check(
                    suffix.startsWith(prefix) && SUFFIX.matcher(suffix).matches(),
                    name + ": factor \"" + suffix + "\", expected letters, digits, underscores and dots after \""
                            + prefix + "\", so that no other tensor of a file is taken for it");
            problems.check(
                    others.withTensor(suffix).isEmpty(),
                    name + ": factor \"" + suffix + "\" is one of another method, expected a new name");
            problems.check(
                    !traits.is(suffix, FactorTrait.SHARED) || traits.is(suffix, FactorTrait.FIXED),
                    name + ": factor \"" + suffix + "\" is SHARED and learns, expected FIXED, too");
        });
        Set<String> shortNames = new HashSet<>(traits.shortNames());
        problems.check(
                shortNames.size() == traits.shortNames().size()
                        && shortNames.stream()
                                .allMatch(
                                        shortName -> LETTERS.matcher(shortName).matches()),
                name + ": short names " + traits.shortNames() + ", expected letters, different for each factor");
    }

    /** Refuses a method whose traits are not those of its entry. */
    static void requireSame(MethodEntry<?> entry, AdapterMethod method) {
        MethodTraits traits = method.traits();
        Problems problems = new Problems();
        problems.check(
                entry.saved().containsKey(traits.savedName()),
                "its traits say saved = " + traits.savedName() + ", expected one of "
                        + entry.saved().keySet());
        problems.check(
                entry.suffixes().toList().containsAll(traits.allSuffixes()),
                "its traits have the factors " + traits.allSuffixes() + ", expected none but "
                        + entry.suffixes().distinct().toList() + " of the entry");
        problems.throwIfAny(
                "method " + entry.peftType() + " (" + method.getClass().getName() + ")");
    }
}
