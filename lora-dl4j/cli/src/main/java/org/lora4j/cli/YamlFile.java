/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.json.StrictJson;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.common.Anchor;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * A file of settings in YAML 1.2: one document, names with values. Values are what JSON has; a tag, which would choose a type, is refused,
 * and so are a name that stands twice, and more depth, aliases or text than settings have.
 */
final class YamlFile {

    private static final int MOST_BYTES = 1 << 20;
    private static final int DEEPEST = 20;
    private static final int MOST_VALUES = 20_000;
    private static final Pattern INTEGER = Pattern.compile("[-+]?[0-9]{1,18}");
    private static final Pattern FLOAT = Pattern.compile("[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?");

    /** A value of the file, and the line in which it begins. */
    record Value(Object value, int line) {}

    /** What is wrong, and where. */
    private static final class Refused extends Exception {

        private static final long serialVersionUID = 1;

        Refused(Event at, String problem) {
            super(at.getStartMark().map(YamlFile::place).orElse("") + problem, null, false, false);
        }
    }

    private final Iterator<Event> events;
    private final Map<Anchor, Object> anchors = new HashMap<>();
    private final Map<Anchor, Integer> sizes = new HashMap<>();
    private final Map<String, Integer> lines = new LinkedHashMap<>();
    private int values;

    private YamlFile(Iterator<Event> events) {
        this.events = events;
    }

    /** Reads a file of names with values. */
    static Map<String, Value> read(Path file) {
        try {
            byte[] bytes = RegularFile.bytes(
                    file, "a file of settings in YAML", MOST_BYTES, message -> new IOException(message));
            return read(file.toString(), StrictJson.text(bytes));
        } catch (CharacterCodingException e) {
            throw CliException.input(MessageText.path(file) + ": it is not UTF-8: " + e.getMessage());
        } catch (IOException e) {
            throw new CliException(ExitCode.INPUT, FailureWords.words(e), e);
        }
    }

    /** Reads a text. */
    static Map<String, Value> read(String where, String text) {
        try {
            LoadSettings settings = LoadSettings.builder()
                    .setLabel(where)
                    .setCodePointLimit(MOST_BYTES)
                    .build();
            return new YamlFile(new Parse(settings).parseString(text).iterator()).document();
        } catch (Refused e) {
            throw CliException.input(MessageText.value(where) + ", " + e.getMessage());
        } catch (MarkedYamlEngineException e) {
            throw CliException.input(MessageText.value(where) + ", "
                    + e.getProblemMark().map(YamlFile::place).orElse("") + "no YAML: "
                    + MessageText.value(e.getProblem()));
        } catch (YamlEngineException e) {
            throw CliException.input(MessageText.value(where) + ": no YAML: " + MessageText.value(e.getMessage()));
        }
    }

    private static String place(Mark mark) {
        return "line " + (mark.getLine() + 1) + ", column " + (mark.getColumn() + 1) + ": ";
    }

    private Map<String, Value> document() throws Refused {
        Event event = next();
        while (event.getEventId() == Event.ID.StreamStart
                || event.getEventId() == Event.ID.DocumentStart
                || event.getEventId() == Event.ID.Comment) {
            event = next();
        }
        if (event.getEventId() == Event.ID.StreamEnd) {
            return Map.of();
        }
        Object root = value(event, 0);
        if (root == null) {
            return Map.of();
        }
        if (!(root instanceof Map<?, ?> fields)) {
            throw new Refused(
                    event,
                    "a " + (root instanceof List ? "list" : "single value")
                            + ", expected settings such as \"epochs: 3\"");
        }
        while (event.getEventId() != Event.ID.DocumentEnd) {
            event = next();
        }
        Event behind = next();
        if (behind.getEventId() != Event.ID.StreamEnd) {
            throw new Refused(behind, "a second document begins, expected one");
        }
        Map<String, Value> named = new LinkedHashMap<>();
        fields.forEach((name, value) ->
                named.put((String) name, new Value(value, lines.getOrDefault((String) name, 1))));
        return named;
    }

    private Event next() {
        Event event = events.next();
        while (event.getEventId() == Event.ID.Comment) {
            event = events.next();
        }
        return event;
    }

    private Object value(Event event, int depth) throws Refused {
        if (depth > DEEPEST) {
            throw new Refused(event, "more than " + DEEPEST + " levels, which no settings have");
        }
        if (++values > MOST_VALUES) {
            throw tooMany(event);
        }
        if (event instanceof AliasEvent alias) {
            Anchor anchor = alias.getAlias();
            if (!anchors.containsKey(anchor)) {
                throw new Refused(
                        event,
                        "the alias *" + MessageText.value(anchor.getValue())
                                + " stands for nothing, expected an anchor of this name before it, outside of it");
            }
            // An alias counts as what it stands for: ten of ten of ten would be a bomb.
            values += sizes.get(anchor);
            if (values > MOST_VALUES) {
                throw tooMany(event);
            }
            return anchors.get(anchor);
        }
        refuseTag(event);
        int before = values;
        Object value = switch (event.getEventId()) {
            case Scalar -> scalar((ScalarEvent) event);
            case SequenceStart -> sequence(depth);
            case MappingStart -> mapping(depth);
            default -> throw new Refused(event, "unexpected " + event.getEventId());
        };
        Optional<Anchor> anchor = ((NodeEvent) event).getAnchor();
        if (anchor.isPresent()) {
            anchors.put(anchor.get(), value);
            sizes.put(anchor.get(), values - before + 1);
        }
        return value;
    }

    private static Refused tooMany(Event event) {
        return new Refused(event, "more than " + MOST_VALUES + " values, aliases counted as what they stand for");
    }

    private static void refuseTag(Event event) throws Refused {
        Optional<String> tag = event instanceof ScalarEvent scalar
                ? scalar.getTag()
                : event instanceof CollectionStartEvent start ? start.getTag() : Optional.empty();
        if (tag.isPresent()) {
            throw new Refused(
                    event,
                    "the tag " + MessageText.name(tag.get()) + ", expected plain values: a type cannot be chosen here");
        }
    }

    private static Object scalar(ScalarEvent event) {
        return event.isPlain() ? scalar(event.getValue()) : event.getValue();
    }

    /** What a plain scalar is in YAML 1.2: {@code yes} and {@code no} are words. */
    static Object scalar(String text) {
        if (INTEGER.matcher(text).matches()) {
            return Long.parseLong(text);
        }
        if (FLOAT.matcher(text).matches()) {
            return Double.parseDouble(text);
        }
        return switch (text) {
            case "", "~", "null", "Null", "NULL" -> null;
            case "true", "True", "TRUE" -> true;
            case "false", "False", "FALSE" -> false;
            default -> text;
        };
    }

    private List<Object> sequence(int depth) throws Refused {
        List<Object> list = new ArrayList<>();
        for (Event event = next(); event.getEventId() != Event.ID.SequenceEnd; event = next()) {
            list.add(value(event, depth + 1));
        }
        return list;
    }

    private Map<String, Object> mapping(int depth) throws Refused {
        Map<String, Object> fields = new LinkedHashMap<>();
        for (Event event = next(); event.getEventId() != Event.ID.MappingEnd; event = next()) {
            if (!(event instanceof ScalarEvent name)) {
                throw new Refused(event, "a name that is no text, expected such as \"epochs\"");
            }
            refuseTag(event);
            int line = event.getStartMark().map(Mark::getLine).orElse(0) + 1;
            if (fields.containsKey(name.getValue())) {
                throw new Refused(event, MessageText.name(name.getValue()) + " stands twice, expected once");
            }
            if (depth == 0) {
                lines.put(name.getValue(), line);
            }
            fields.put(name.getValue(), value(next(), depth + 1));
        }
        return fields;
    }
}
