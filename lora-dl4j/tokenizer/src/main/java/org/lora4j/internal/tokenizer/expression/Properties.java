/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.expression;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Properties of characters by the names that expressions have for them, as {@code \p{Lu}} and {@code \p{Han}}. */
final class Properties {

    /** Long names of general categories, without blanks, in lower case. */
    private static final Map<String, String> CATEGORIES = Map.ofEntries(
            Map.entry("letter", "l"),
            Map.entry("uppercaseletter", "lu"),
            Map.entry("lowercaseletter", "ll"),
            Map.entry("titlecaseletter", "lt"),
            Map.entry("modifierletter", "lm"),
            Map.entry("otherletter", "lo"),
            Map.entry("mark", "m"),
            Map.entry("nonspacingmark", "mn"),
            Map.entry("spacingmark", "mc"),
            Map.entry("enclosingmark", "me"),
            Map.entry("number", "n"),
            Map.entry("decimalnumber", "nd"),
            Map.entry("letternumber", "nl"),
            Map.entry("othernumber", "no"),
            Map.entry("punctuation", "p"),
            Map.entry("symbol", "s"),
            Map.entry("mathsymbol", "sm"),
            Map.entry("currencysymbol", "sc"),
            Map.entry("modifiersymbol", "sk"),
            Map.entry("othersymbol", "so"),
            Map.entry("separator", "z"),
            Map.entry("spaceseparator", "zs"),
            Map.entry("lineseparator", "zl"),
            Map.entry("paragraphseparator", "zp"),
            Map.entry("other", "c"),
            Map.entry("control", "cc"),
            Map.entry("format", "cf"));

    /** What a category of one letter is made of. */
    private static final Map<String, List<String>> PARTS = Map.of(
            "l", List.of("lu", "ll", "lt", "lm", "lo"),
            "m", List.of("mn", "mc", "me"),
            "n", List.of("nd", "nl", "no"),
            "p", List.of("pc", "pd", "ps", "pe", "pi", "pf", "po"),
            "s", List.of("sm", "sc", "sk", "so"),
            "z", List.of("zs", "zl", "zp"));

    private static final Map<String, CodePointSet> MADE = new ConcurrentHashMap<>();

    private Properties() {}

    /** The set of a property; null if there is none of this name. */
    static CodePointSet find(String name) {
        String plain = name.toLowerCase(Locale.ROOT).replaceAll("[ _-]", "");
        return plain.isEmpty() ? null : MADE.computeIfAbsent(CATEGORIES.getOrDefault(plain, plain), Properties::make);
    }

    private static CodePointSet make(String name) {
        if (name.equals("any")) {
            return CodePointSet.ALL;
        }
        if (name.equals("ascii")) {
            return CodePointSet.ofRanges(0, 0x7F);
        }
        if (PARTS.containsKey(name)) {
            return PARTS.get(name).stream()
                    .map(part -> UnicodeSets.get("category." + part))
                    .reduce(CodePointSet.NONE, CodePointSet::or);
        }
        if (name.equals("c") || name.equals("cn") || name.equals("assigned")) {
            CodePointSet assigned = assigned();
            return switch (name) {
                case "assigned" -> assigned;
                case "cn" -> assigned.not();
                default ->
                    assigned.not()
                            .or(UnicodeSets.get("category.cc"))
                            .or(UnicodeSets.get("category.cf"))
                            .or(UnicodeSets.get("category.co"))
                            .or(CodePointSet.ofRanges(0xD800, 0xDFFF));
            };
        }
        CodePointSet category = UnicodeSets.find("category." + name);
        CodePointSet posix = category == null ? UnicodeSets.find("posix." + name) : category;
        return posix == null ? UnicodeSets.find("script." + name) : posix;
    }

    private static CodePointSet assigned() {
        CodePointSet all = UnicodeSets.get("category.cc")
                .or(UnicodeSets.get("category.cf"))
                .or(UnicodeSets.get("category.co"))
                .or(CodePointSet.ofRanges(0xD800, 0xDFFF));
        for (String group : PARTS.keySet()) {
            all = all.or(find(group));
        }
        return all;
    }
}
