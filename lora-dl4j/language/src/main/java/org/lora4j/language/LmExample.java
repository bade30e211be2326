/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.table.BadLines;
import org.lora4j.internal.format.table.GuessedCharset;
import org.lora4j.internal.format.table.JsonLines;
import org.lora4j.internal.format.table.JsonRows;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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

    private static final Logger LOG = LoggerFactory.getLogger(LmExample.class);
    private static final String KIND = "kind";

    /** The forms. */
    sealed interface Content {}

    record Text(String text) implements Content {}

    record Completion(String prompt, String completion) implements Content {}

    /** Of the messages, those of the assistant are learned from a place on. */
    record Conversation(List<ChatMessage> messages, List<Map<String, Object>> tools, int from) implements Content {}

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
        return conversation(messages, List.of());
    }

    /**
     * A conversation in which the assistant may call tools.
     *
     * @param messages what was said; what the assistant says is learned, calls among it
     * @param tools what may be called, as for {@link CausalLm#chat(List, List, GenerationConfig)}; a chat template without a place
     *     for them is refused when the example is learned
     * @return the example
     */
    public static LmExample conversation(List<ChatMessage> messages, List<? extends Map<String, ?>> tools) {
        List<Map<String, Object>> copies = new ArrayList<>();
        Arguments.allRequired(tools, "LmExample: tools", "what may be called, a map")
                .forEach(tool -> copies.add(Collections.unmodifiableMap(new LinkedHashMap<>(tool))));
        return of(new Conversation(
                List.copyOf(Arguments.allRequired(messages, "LmExample: messages", "a message")),
                List.copyOf(copies),
                0));
    }

    /**
     * The prompt that Alpaca's models were trained with, and that {@link LmFormat#ALPACA} makes of a row.
     *
     * @param instruction what is to be done
     * @param input with what; empty if there is nothing
     * @return the text, up to where the response begins
     */
    public static String alpacaPrompt(String instruction, String input) {
        Objects.requireNonNull(instruction, "LmExample: instruction is null; expected a text");
        Objects.requireNonNull(input, "LmExample: input is null; expected a text, empty if there is none");
        return input.isEmpty()
                ? "Below is an instruction that describes a task. Write a response that appropriately completes the request."
                        + "\n\n### Instruction:\n" + instruction + "\n\n### Response:\n"
                : "Below is an instruction that describes a task, paired with an input that provides further context. Write"
                        + " a response that appropriately completes the request.\n\n### Instruction:\n" + instruction
                        + "\n\n### Input:\n" + input + "\n\n### Response:\n";
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
     * Reads a file of JSON lines, or with one JSON array of objects. What each row is, {@link LmFormat} says by the names of its
     * fields; the first form that fits counts.
     *
     * @param file the file: UTF-8, perhaps behind a byte order mark, or UTF-16 with one; another charset is guessed, which the log says
     * @return an example for each row; messages about one name its line
     * @throws ModelFormatException if a row is no JSON object or no example, or there is none; the message lists them
     * @throws IOException if the file cannot be read
     */
    public static List<LmExample> read(Path file) throws IOException {
        return read(file, Optional.empty(), JsonRows::read);
    }

    /**
     * Reads a file of rows of one form.
     *
     * @param file as for {@link #read(Path)}
     * @param format what each row is
     * @return as of {@link #read(Path)}
     * @throws ModelFormatException likewise
     * @throws IOException likewise
     */
    public static List<LmExample> read(Path file, LmFormat format) throws IOException {
        Objects.requireNonNull(format, "LmExample.read: format is null; expected one such as LmFormat.ALPACA");
        return read(file, Optional.of(format), JsonRows::read);
    }

    /** Reads rows of a file. */
    private interface Rows {
        void read(Path file, Charset charset, BadLines bad, BooleanSupplier ends, Consumer<JsonLines.Line> good)
                throws IOException;
    }

    /**
     * Reads a file with one JSON object a line. What each is, {@link LmFormat} says by the names of its fields: a list {@code
     * messages}, {@code prompt} and {@code completion}, {@code text}, and so on. A text {@code kind} says what kind of text it
     * is; other fields are left out, those of messages are kept for the chat template.
     *
     * @param file as for {@link #read(Path)}
     * @return an example for each line; messages about one name its line
     * @throws ModelFormatException if a line is no JSON object or no example, or there is none; the message lists them
     * @throws IOException if the file cannot be read
     */
    public static List<LmExample> jsonLines(Path file) throws IOException {
        return read(file, Optional.empty(), JsonLines::read);
    }

    private static List<LmExample> read(Path file, Optional<LmFormat> format, Rows rows) throws IOException {
        Problems problems = new Problems();
        BadLines bad = new BadLines(Problems.SHOWN, problems::add);
        List<LmExample> examples = new ArrayList<>();
        try {
            read(file, format, rows, bad, bad::isFull, examples);
        } catch (CharacterCodingException e) {
            problems.add(e.getMessage());
        }
        problems.check(!examples.isEmpty() || !problems.isEmpty(), "no rows, expected one JSON object or more");
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
     * @throws IOException if the file cannot be read, or has bytes that are no text
     */
    public static List<LmExample> jsonLines(Path file, Consumer<String> skipped) throws IOException {
        Objects.requireNonNull(skipped, "LmExample.jsonLines: skipped is null; expected a Consumer, such as log::warn");
        List<LmExample> examples = new ArrayList<>();
        BadLines bad = new BadLines(MOST_EXPLAINED, skipped);
        try {
            read(file, Optional.empty(), JsonLines::read, bad, () -> false, examples);
        } catch (CharacterCodingException e) {
            throw new ModelFormatException(
                    MessageText.path(file) + ": " + e.getMessage() + ". Convert the file: it is not left out.", e);
        }
        if (bad.unexplained() > 0) {
            skipped.accept("and " + bad.unexplained() + " lines more");
        }
        return examples;
    }

    private static void read(
            Path file,
            Optional<LmFormat> format,
            Rows rows,
            BadLines bad,
            BooleanSupplier ends,
            List<LmExample> examples)
            throws IOException {
        Objects.requireNonNull(file, "LmExample: file is null; expected a file of JSON lines or JSON");
        String name = MessageText.name(file.getFileName());
        Charset charset = GuessedCharset.told(LOG, "LmExample", file, "convert it to UTF-8 if that is wrong");
        rows.read(file, charset, bad, ends, line -> {
            try {
                Map<String, Object> fields = line.fields();
                String kind = fields.get(KIND) instanceof String text ? text : "";
                examples.add(new LmExample(
                        ExampleFields.content(fields, format), true, kind, name + ", line " + line.number()));
            } catch (IllegalArgumentException e) {
                bad.add(line.number(), () -> ": " + e.getMessage());
            }
        });
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

    /** What is read and what is learned, each shortened. */
    @Override
    public String toString() {
        String words;
        if (content instanceof Text text) {
            words = MessageText.value(text.text());
        } else if (content instanceof Completion completion) {
            words = MessageText.value(completion.prompt()) + " -> " + MessageText.value(completion.completion());
        } else if (content instanceof Conversation conversation) {
            words = conversation.messages().size() + " messages"
                    + (conversation.tools().isEmpty()
                            ? ""
                            : ", " + conversation.tools().size() + " tools");
        } else {
            words = ((Tokens) content).ids().length + " tokens";
        }
        return "LmExample[" + words + (kind.isEmpty() ? "" : ", kind " + kind) + "]";
    }
}
