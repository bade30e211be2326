/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.commands;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A line for a shell as simple commands, each a list of words; variables stay as they are. */
final class ShellWords {

    private static final Pattern TOKEN = Pattern.compile("""
            (?x) \\s+ (?:\\#.*)? | ^\\#.*                                # blanks, a comment
            | (&&|\\|\\||[|;&()] | [<>$]\\( | [0-9]?[<>]+)                # what ends a command
            | ((?: "(?:[^"\\\\]|\\\\.)*" | '[^']*' | \\\\. | [^\\s"'|;&()<>] )+) # a word
            """);
    private static final Pattern QUOTED = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"|'([^']*)'|\\\\(.)");
    private static final Pattern ASSIGNMENT = Pattern.compile("\\w+=.*", Pattern.DOTALL);

    private ShellWords() {}

    /** The commands of a line in order, without assignments before them and without files that they are redirected to. */
    static List<List<String>> commands(String line) {
        List<List<String>> commands = new ArrayList<>();
        List<String> open = new ArrayList<>();
        boolean redirected = false;
        Matcher token = TOKEN.matcher(line);
        int at = 0;
        while (token.find()) {
            if (token.start() != at) {
                throw new IllegalArgumentException("a shell cannot read from column " + (at + 1) + " on: " + line);
            }
            at = token.end();
            if (token.group(1) != null) {
                redirected = token.group(1).endsWith("<") || token.group(1).endsWith(">");
                if (!redirected) {
                    add(commands, open);
                    open = new ArrayList<>();
                }
            } else if (token.group(2) != null) {
                if (!redirected
                        && !(open.isEmpty()
                                && ASSIGNMENT.matcher(token.group(2)).matches())) {
                    open.add(unquoted(token.group(2)));
                }
                redirected = false;
            }
        }
        if (at != line.length()) {
            throw new IllegalArgumentException("a shell cannot read from column " + (at + 1) + " on: " + line);
        }
        add(commands, open);
        return commands;
    }

    private static void add(List<List<String>> commands, List<String> command) {
        if (!command.isEmpty()) {
            commands.add(List.copyOf(command));
        }
    }

    private static String unquoted(String word) {
        return QUOTED.matcher(word)
                .replaceAll(quoted -> Matcher.quoteReplacement(
                        quoted.group(1) != null
                                ? quoted.group(1).replaceAll("\\\\(.)", "$1")
                                : quoted.group(2) != null ? quoted.group(2) : quoted.group(3)));
    }

    /** A line without the comment at its end. */
    static String withoutComment(String line) {
        Matcher token = TOKEN.matcher(line);
        while (token.find()) {
            if (token.group().strip().startsWith("#") && token.group(2) == null) {
                return line.substring(0, token.start()).strip();
            }
        }
        return line.strip();
    }
}
