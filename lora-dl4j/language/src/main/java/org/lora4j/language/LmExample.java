/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.table.BadLines;
import org.lora4j.internal.format.table.JsonLines;

/**
 * Something for a language model to learn: a text, a prompt with its completion, or a conversation.
 *
 * <p>Of a text every token is learned. Of a prompt with its completion, the completion; of a conversation, what the role {@code
 * assistant} says. The rest is only read.
 *
 * <p><b>State.</b> Immutable. <b>Threads.</b> Safe.
 *
 * @apiNote Status: stable
 */
public final class LmExample {

    /** How many lines that are left out are explained. */
    public static final int MOST_EXPLAINED = 1_000;

    private static final String MESSAGES = "messages";
    private static final String PROMPT = "prompt";
    private static final String COMPLETION = "completion";
    private static final String TEXT = "text";
    private static final String KIND = "kind";
    private static final String ROLE = "role";
    private static final String CONTENT = "content";

    /** The forms. */
    sealed interface Content {}

    record Text(String text) implements Content {}

    record Completion(String prompt, String completion) implements Content {}

    record Conversation(List<ChatMessage> messages) implements Content {}

    record Tokens(int[] ids, boolean[] learned) implements Content {}

    private final Content content;
    private final String kind;
    private final String source;
    private final boolean ended;

    private LmExample(Content content, boolean ended, String kind, String source) {
        this.content = content;
        this.ended = ended;
        this.kind = kind;
        this.source = source;
    }

    /**
     * A text, of any length: one that does not fit in a row goes on in the next.
     *
     * @param text the text
     * @return the example
     */
    public static LmExample text(String text) {
        return of(new Text(Objects.requireNonNull(text, "LmExample: text is null; expected a text")));
    }

    /**
     * A prompt and what should follow. A blank between them belongs to the beginning of the completion, since most vocabularies
     * have words with a blank before them.
     *
     * @param prompt what is given
     * @param completion what is learned
     * @return the example
     */
    public static LmExample completion(String prompt, String completion) {
        Objects.requireNonNull(prompt, "LmExample: prompt is null; expected a text");
        Objects.requireNonNull(completion, "LmExample: completion is null; expected a text");
        return of(new Completion(prompt, completion));
    }

    /**
     * A conversation.
     *
     * @param messages what was said; what the assistant says is learned
     * @return the example
     */
    public static LmExample conversation(List<ChatMessage> messages) {
        return of(new Conversation(List.copyOf(Arguments.allRequired(messages, "LmExample: messages", "a message"))));
    }

    /**
     * Tokens, for models whose texts are encoded elsewhere.
     *
     * @param ids their ids
     * @param learned for each whether it is learned; the first never is
     * @return the example
     * @throws IllegalArgumentException if there are not as many of both
     */
    public static LmExample tokens(int[] ids, boolean[] learned) {
        Arguments.required(ids, "LmExample: ids", "ids of tokens");
        Arguments.required(learned, "LmExample: learned", "a truth value for each id");
        if (ids.length != learned.length) {
            throw new IllegalArgumentException("LmExample: there are " + ids.length + " ids, but learned has "
                    + learned.length + "; expected as many of both.");
        }
        return of(new Tokens(ids.clone(), learned.clone()));
    }

    private static LmExample of(Content content) {
        return new LmExample(content, true, "", "");
    }

    /**
     * Reads a file with one JSON object a line. Each has a list {@code messages}, whose entries have {@code role} and {@code
     * content}, or {@code prompt} and {@code completion}, or {@code text}; the first of these that is there counts. A text
     * {@code kind} says what kind of text it is; other fields are left out, those of messages are kept for the chat template.
     *
     * @param file the file, UTF-8
     * @return an example for each line; messages about one name its line
     * @throws ModelFormatException if a line is no JSON object or no example, or there is none; the message lists them
     * @throws IOException if the file cannot be read
     */
    public static List<LmExample> jsonLines(Path file) throws IOException {
        Problems problems = new Problems();
        BadLines bad = new BadLines(Problems.SHOWN, problems::add);
        List<LmExample> examples = new ArrayList<>();
        try {
            read(file, bad, bad::isFull, examples);
        } catch (CharacterCodingException e) {
            problems.add(e.getMessage());
        }
        problems.check(!examples.isEmpty() || !problems.isEmpty(), "no lines, expected one JSON object or more");
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(file.toString())
                    + ". Correct these lines, or leave them out by a second argument.");
        }
        return examples;
    }

    /**
     * Reads a file and leaves out lines that are no example.
     *
     * @param file as for {@link #jsonLines(Path)}
     * @param skipped hears of the first {@value #MOST_EXPLAINED} lines that are left out, and why, as they are read; then, if
     *     there are more, once how many
     * @return an example for each other line
     * @throws IOException if the file cannot be read, or is not UTF-8
     */
    public static List<LmExample> jsonLines(Path file, Consumer<String> skipped) throws IOException {
        Objects.requireNonNull(skipped, "LmExample.jsonLines: skipped is null; expected a Consumer, such as log::warn");
        List<LmExample> examples = new ArrayList<>();
        BadLines bad = new BadLines(MOST_EXPLAINED, skipped);
        try {
            read(file, bad, () -> false, examples);
        } catch (CharacterCodingException e) {
            throw new ModelFormatException(
                    MessageText.path(file) + ": " + e.getMessage() + ". Convert the file: it is not left out.", e);
        }
        if (bad.unexplained() > 0) {
            skipped.accept("and " + bad.unexplained() + " lines more");
        }
        return examples;
    }

    private static void read(Path file, BadLines bad, BooleanSupplier ends, List<LmExample> examples)
            throws IOException {
        Objects.requireNonNull(file, "LmExample.jsonLines: file is null; expected a file of JSON lines");
        String name = MessageText.name(file.getFileName());
        JsonLines.read(file, bad, ends, line -> {
            try {
                Map<String, Object> fields = line.fields();
                String kind = fields.get(KIND) instanceof String text ? text : "";
                examples.add(new LmExample(content(fields), true, kind, name + ", line " + line.number()));
            } catch (IllegalArgumentException e) {
                bad.add(line.number(), () -> ": " + e.getMessage());
            }
        });
    }

    private static Content content(Map<String, Object> fields) {
        if (fields.get(MESSAGES) != null) {
            return new Conversation(messages(fields.get(MESSAGES)));
        }
        if (fields.containsKey(PROMPT) && fields.containsKey(COMPLETION)) {
            return new Completion(text(fields, PROMPT, ""), text(fields, COMPLETION, ""));
        }
        if (fields.containsKey(TEXT)) {
            return new Text(text(fields, TEXT, ""));
        }
        throw new IllegalArgumentException("the fields are " + Problems.quoted(fields.keySet())
                + ", expected messages, or prompt and completion, or text");
    }

    private static List<ChatMessage> messages(Object value) {
        if (!(value instanceof List<?> list)) {
            throw new IllegalArgumentException("messages is " + MessageText.value(value) + ", expected a list");
        }
        List<ChatMessage> messages = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            String where = "messages[" + i + "]";
            if (!(list.get(i) instanceof Map<?, ?> entry)) {
                throw new IllegalArgumentException(
                        where + " is " + MessageText.value(list.get(i)) + ", expected an object with role and content");
            }
            Map<String, Object> fields = new LinkedHashMap<>();
            entry.forEach((name, field) -> fields.put(String.valueOf(name), field));
            String role = text(fields, ROLE, where + ": ");
            Object content = fields.get(CONTENT);
            fields.remove(ROLE);
            if (content instanceof String) {
                fields.remove(CONTENT);
            }
            messages.add(new ChatMessage(role, content instanceof String text ? text : null, fields));
        }
        return messages;
    }

    private static String text(Map<String, Object> fields, String name, String where) {
        if (fields.get(name) instanceof String text) {
            return text;
        }
        throw new IllegalArgumentException(
                where + name + " is " + MessageText.value(fields.get(name)) + ", expected a text");
    }

    /**
     * The same of a kind, for evaluations that tell kinds apart.
     *
     * @param name such as {@code news}
     * @return the example
     */
    public LmExample withKind(String name) {
        Objects.requireNonNull(name, "LmExample: kind is null; expected a name");
        return new LmExample(content, ended, name, source);
    }

    /**
     * The same without the token that ends texts behind it, which a text and a completion have otherwise: for excerpts, and for
     * models that tell the end in another way.
     *
     * @return the example
     */
    public LmExample withoutEnd() {
        return new LmExample(content, false, kind, source);
    }

    boolean isEnded() {
        return ended;
    }

    /**
     * What kind of text it is.
     *
     * @return empty if nobody said
     */
    public String kind() {
        return kind;
    }

    Content content() {
        return content;
    }

    /** Where it comes from, for messages: its place in a list, and the line of its file. */
    String where(String list, int index) {
        return list + "[" + index + "]" + (source.isEmpty() ? "" : " (" + source + ")");
    }

    @Override
    public String toString() {
        return "LmExample[" + MessageText.value(content) + (kind.isEmpty() ? "" : ", kind " + kind) + "]";
    }
}
