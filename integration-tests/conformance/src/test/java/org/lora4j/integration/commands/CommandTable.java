/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.commands;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** What {@code commands.yaml} says of commands that cannot be run as they stand. Every other command is. */
final class CommandTable {

    private static final Path FILE = Path.of("integration-tests/conformance/src/test/resources/commands/commands.yaml");

    /** What a rule may say, and nothing else. */
    private static final Set<String> KEYS =
            Set.of("command", "in", "no-command", "not-run", "data", "as", "exit", "because", "serves", "server");

    private final List<Map<String, Object>> placeholders;
    private final Set<String> properties;
    private final Set<String> options;
    private final List<Rule> rules;

    /**
     * What holds for commands.
     *
     * @param command all of the command, with its placeholders filled
     * @param in a part of the name of the document
     * @param noCommand why it only looks like one
     * @param notRun why it cannot be run everywhere
     * @param data whether it needs the published data
     * @param as what is run, with the command as {@code $COMMAND}, and what the expression calls {@code out} as {@code $OUT}
     * @param exits the exit codes that are right
     * @param serves whether it goes on until it is stopped
     * @param server what has to serve meanwhile, unless something does
     */
    record Rule(
            Pattern command,
            String in,
            Optional<String> noCommand,
            Optional<String> notRun,
            boolean data,
            Optional<String> as,
            List<Integer> exits,
            boolean serves,
            Optional<String> server) {

        static final Rule AS_IT_STANDS = rule(Map.of("command", ".*"));

        boolean isOf(String text, String document) {
            return document.contains(in) && command.matcher(text).matches();
        }

        /** The line for a shell. */
        String line(String text) {
            String line = as.orElse("$COMMAND");
            Matcher matcher = command.matcher(text);
            if (line.contains("$OUT") && matcher.matches()) {
                line = line.replace("$OUT", matcher.group("out"));
            }
            return line.replace("$COMMAND", text);
        }
    }

    private CommandTable(Map<?, ?> yaml) {
        placeholders = list(yaml, "placeholders");
        properties = new TreeSet<>(this.<String>list(yaml, "properties"));
        options = new TreeSet<>(this.<String>list(yaml, "options"));
        rules = this.<Map<String, Object>>list(yaml, "rules").stream()
                .map(CommandTable::rule)
                .toList();
    }

    static CommandTable read(Path root) throws IOException {
        return new CommandTable((Map<?, ?>)
                new Load(LoadSettings.builder().setLabel(FILE.toString()).build())
                        .loadFromString(Files.readString(root.resolve(FILE))));
    }

    @SuppressWarnings("unchecked")
    private <T> List<T> list(Map<?, ?> yaml, String key) {
        return (List<T>) yaml.get(key);
    }

    private static Rule rule(Map<String, Object> yaml) {
        if (!KEYS.containsAll(yaml.keySet())) {
            throw new IllegalArgumentException(FILE + ": " + yaml + " has other keys than " + new TreeSet<>(KEYS));
        }
        Object exit = yaml.getOrDefault("exit", 0);
        return new Rule(
                Pattern.compile((String) yaml.get("command")),
                (String) yaml.getOrDefault("in", ""),
                Optional.ofNullable((String) yaml.get("no-command")),
                Optional.ofNullable((String) yaml.get("not-run")),
                Boolean.TRUE.equals(yaml.get("data")),
                Optional.ofNullable((String) yaml.get("as")),
                exit instanceof List<?> several
                        ? several.stream().map(Integer.class::cast).toList()
                        : List.of((Integer) exit),
                Boolean.TRUE.equals(yaml.get("serves")),
                Optional.ofNullable((String) yaml.get("server")));
    }

    /** A command with what is typed in the place of words in capitals. */
    String filled(String text) {
        String filled = text;
        for (Map<String, Object> placeholder : placeholders) {
            for (Map.Entry<String, Object> entry : placeholder.entrySet()) {
                filled = Pattern.compile(entry.getKey()).matcher(filled).replaceAll(Matcher.quoteReplacement((String)
                        entry.getValue()));
            }
        }
        return filled;
    }

    /** The first rule of a command that is filled. */
    Rule ruleOf(String text, String document) {
        return rules.stream()
                .filter(rule -> rule.isOf(text, document))
                .findFirst()
                .orElse(Rule.AS_IT_STANDS);
    }

    List<Rule> rules() {
        return rules;
    }

    /** Properties that Maven's plugins, Java and its libraries read. */
    Set<String> propertiesOfOthers() {
        return properties;
    }

    /** Options of other programs. */
    Set<String> optionsOfOthers() {
        return options;
    }
}
