/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.file.Sha256;
import org.lora4j.internal.language.chat.JinjaTemplate;
import org.lora4j.internal.language.chat.TemplateFailure;
import org.lora4j.internal.tokenizer.directory.SpecialTokens;

/**
 * Makes of a conversation the text that a model was trained on, by the Jinja template that comes with the model.
 *
 * <p>A template sees what {@code transformers} shows it: {@code messages}, {@code add_generation_prompt}, {@code tools} and
 * {@code documents} (none unless they are among the variables), the special tokens ({@code bos_token}, {@code eos_token},
 * ...), and the caller's variables. It is rendered to the character as by {@code transformers} with Jinja2; recursive loops
 * and templates of several files are refused.
 *
 * <p>Templates come from strangers. A template computes with copies of texts, numbers, lists and maps; it reaches no Java
 * object, no file and no other template. What one rendering may do is bounded: see {@link #withLimits}.
 *
 * <p>A model may have several templates by name. {@link #named} picks one; otherwise it is {@code tool_use} where there is
 * one and the variable {@code tools} is given, and {@code default}.
 *
 * <p><i>State.</i> Immutable. <i>Threads.</i> Safe.
 *
 * @apiNote Status: stable
 */
public final class ChatTemplate {

    private static final String DEFAULT = "default";

    private static final String TOOL_USE = "tool_use";

    /** What may be called, as templates see it. */
    static final String TOOLS = "tools";

    private static final String FILE = "chat_template.jinja";

    private static final String MORE_FILES = "additional_chat_templates";

    private static final String SUFFIX = ".jinja";

    private static final String FIELD = "chat_template";

    private static final String MESSAGES = "messages";

    private static final String ADD_GENERATION_PROMPT = "add_generation_prompt";

    /** The longest template that is read, in bytes: published ones have a hundredth of it. */
    private static final int MOST_BYTES = 1 << 20;

    private static final int MOST_TEMPLATES = 100;

    private final Map<String, Named> templates;
    private final Map<String, Object> tokens;
    private final Options options;

    /** A template and where it comes from. */
    private record Named(String source, String text, JinjaTemplate template) {}

    /** How templates are rendered; the name is null if what is given decides. */
    private record Options(String name, Clock clock, long work, long characters) {}

    private ChatTemplate(Map<String, Named> templates, Map<String, Object> tokens, Options options) {
        this.templates = templates;
        this.tokens = tokens;
        this.options = options;
    }

    /**
     * Reads the templates of a model: {@value #FILE} with those in {@value #MORE_FILES}, or else the field {@value #FIELD} of
     * {@code chat_template.json} or {@code tokenizer_config.json}, a text or a list of templates with names.
     *
     * @param directory the directory of the model
     * @return its templates
     * @throws ModelFormatException if a file is damaged, or holds no template that can be read
     * @throws IOException if there is no such directory, it holds no template, or a file cannot be read
     */
    public static ChatTemplate load(Path directory) throws IOException {
        return find(directory)
                .orElseThrow(() -> new NoSuchFileException(
                        MessageText.path(directory),
                        null,
                        "holds no chat template; expected " + FILE + ", or the field " + FIELD + " in "
                                + SpecialTokens.CONFIG
                                + ". Models that were not trained on conversations have none: give them plain text."));
    }

    /**
     * Reads the templates of a model that may have none.
     *
     * @param directory the directory of the model
     * @return as {@link #load}, or nothing if the model has no template
     * @throws ModelFormatException as for {@link #load}
     * @throws IOException if there is no such directory, or a file cannot be read
     */
    public static Optional<ChatTemplate> find(Path directory) throws IOException {
        ModelDirectory.require(directory);
        Map<String, Named> templates = files(directory);
        for (String name : List.of("chat_template.json", SpecialTokens.CONFIG)) {
            if (templates.isEmpty()) {
                templates = field(directory, name);
            }
        }
        return templates.isEmpty() ? Optional.empty() : Optional.of(of(templates, SpecialTokens.read(directory)));
    }

    /**
     * A template that is given as text.
     *
     * @param template the text
     * @param tokens special tokens by name, such as {@code bos_token}
     * @return the template
     * @throws ChatTemplateException if the text is no template
     */
    public static ChatTemplate of(String template, Map<String, String> tokens) {
        try {
            return of(Map.of(DEFAULT, new Named("ChatTemplate", template, JinjaTemplate.parse(template))), tokens);
        } catch (TemplateFailure e) {
            throw new ChatTemplateException("ChatTemplate" + noTemplate(e), e.getMessage());
        }
    }

    private static ChatTemplate of(Map<String, Named> templates, Map<String, String> tokens) {
        Options options = new Options(null, Clock.systemDefaultZone(), 1L << 26, 1L << 24);
        return new ChatTemplate(templates, Collections.unmodifiableMap(new LinkedHashMap<>(tokens)), options);
    }

    private static Map<String, Named> files(Path directory) throws IOException {
        Map<String, Named> templates = new TreeMap<>();
        Path file = directory.resolve(FILE);
        if (Files.exists(file)) {
            templates.put(DEFAULT, read(file));
        }
        Path more = directory.resolve(MORE_FILES);
        if (Files.isDirectory(more)) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(more, "*" + SUFFIX)) {
                for (Path each : files) {
                    String name = each.getFileName().toString();
                    checkCount(more.toString(), templates.size());
                    templates.put(name.substring(0, name.length() - SUFFIX.length()), read(each));
                }
            }
        }
        return templates;
    }

    private static Named read(Path file) throws IOException {
        byte[] bytes = RegularFile.bytes(file, "a chat template", MOST_BYTES, ModelFormatException::new);
        return parse(file.toString(), new String(bytes, StandardCharsets.UTF_8));
    }

    private static Named parse(String source, String template) throws ModelFormatException {
        try {
            return new Named(source, template, JinjaTemplate.parse(template));
        } catch (TemplateFailure e) {
            throw new ModelFormatException(source + noTemplate(e), e);
        }
    }

    private static String noTemplate(TemplateFailure e) {
        return (e.line() > 0 ? ", line " + e.line() : "") + ": " + MessageText.value(e.getMessage())
                + "; expected a Jinja template as transformers reads them. The template is damaged, or needs what chat"
                + " templates may not use.";
    }

    private static void checkCount(String source, int count) throws ModelFormatException {
        if (count >= MOST_TEMPLATES) {
            throw new ModelFormatException(source + ": more than " + MOST_TEMPLATES
                    + " chat templates; expected a few. Check what model it is.");
        }
    }

    private static Map<String, Named> field(Path directory, String name) throws IOException {
        Object value = SpecialTokens.fields(directory, name).get(FIELD);
        String source = directory.resolve(name) + ": " + FIELD;
        Map<String, Named> templates = new TreeMap<>();
        if (value instanceof String text) {
            templates.put(DEFAULT, parse(source, text));
        } else if (value instanceof List<?> list) {
            for (Object entry : list) {
                checkCount(source, templates.size());
                if (!(entry instanceof Map<?, ?> fields
                        && fields.get("name") instanceof String key
                        && fields.get("template") instanceof String text)) {
                    throw new ModelFormatException(source + ": an entry of the list is " + MessageText.value(entry)
                            + "; expected a name and a template, both texts. Correct the file.");
                }
                templates.put(key, parse(source + " " + MessageText.name(key), text));
            }
        } else if (value != null) {
            throw new ModelFormatException(source + " is " + MessageText.value(value)
                    + "; expected a text, or a list of templates with names. Correct the file.");
        }
        return templates;
    }

    /** By what one set of templates is told from another: their names and texts. */
    String hash() {
        StringBuilder all = new StringBuilder();
        templates.forEach((name, template) -> all.append(name.length())
                .append(name)
                .append(template.text().length())
                .append(template.text()));
        return Sha256.of(all.toString().getBytes(StandardCharsets.UTF_8));
    }

    /**
     * The names of the templates.
     *
     * @return {@code default} alone for most models
     */
    public Set<String> names() {
        return Collections.unmodifiableSet(new TreeSet<>(templates.keySet()));
    }

    /**
     * The same with a template chosen.
     *
     * @param name one of {@link #names}
     * @return what renders by this template only
     * @throws IllegalArgumentException if there is none of this name
     */
    public ChatTemplate named(String name) {
        require(name);
        return new ChatTemplate(templates, tokens, new Options(name, options.clock, options.work, options.characters));
    }

    private Named require(String name) {
        Named template = templates.get(name);
        if (template == null) {
            throw new IllegalArgumentException("ChatTemplate: no template " + MessageText.name(name)
                    + "; expected one of " + Problems.quoted(templates.keySet()) + ". Choose one by named(...).");
        }
        return template;
    }

    /**
     * The same with another clock.
     *
     * @param clock what templates see that write the date; the system's unless it is given
     * @return what renders by this clock
     */
    public ChatTemplate withClock(Clock clock) {
        Objects.requireNonNull(clock, "ChatTemplate: clock is null; expected one, such as Clock.systemUTC()");
        return new ChatTemplate(templates, tokens, new Options(options.name, clock, options.work, options.characters));
    }

    /**
     * The same with other limits. What is not done within them fails.
     *
     * @param work how much a rendering may do: an evaluation counts 16, a character or a value that is made 1 to 8; to this
     *     come 64 for each character of messages and variables. 67,108,864 unless it is given, which takes a second or two
     * @param characters how long the text may become; to this come 4 for each character of messages and variables.
     *     16,777,216 unless it is given
     * @return what renders within these limits
     * @throws IllegalArgumentException if a limit is negative
     */
    public ChatTemplate withLimits(long work, long characters) {
        Problems problems = new Problems();
        problems.atLeast("work", work, 0);
        problems.atLeast("characters", characters, 0);
        problems.throwIfAny("ChatTemplate.withLimits");
        return new ChatTemplate(templates, tokens, new Options(options.name, options.clock, work, characters));
    }

    /**
     * Renders a conversation.
     *
     * @param messages what was said
     * @param addGenerationPrompt whether the text ends where the model's answer begins
     * @return the text; special tokens are spelled in it, so encode it without adding any
     * @throws ChatTemplateException if the template refuses the messages, fails on them, or comes to no end
     */
    public String render(List<ChatMessage> messages, boolean addGenerationPrompt) {
        return render(messages, addGenerationPrompt, Map.of());
    }

    /**
     * Renders a conversation with further variables.
     *
     * @param messages what was said
     * @param addGenerationPrompt whether the text ends where the model's answer begins
     * @param variables what else the template may ask for, such as {@code tools}: texts, numbers, truth values, null, and
     *     lists and maps of them; they come before special tokens of the same name
     * @return the text
     * @throws ChatTemplateException if the template refuses the messages, fails on them, or comes to no end
     * @throws IllegalArgumentException if a variable is of another kind, or has the name of another argument
     */
    public String render(List<ChatMessage> messages, boolean addGenerationPrompt, Map<String, ?> variables) {
        return rendered(messages, addGenerationPrompt, variables).text();
    }

    /** The text with the places where blocks {@code generation} of the template wrote. */
    JinjaTemplate.Rendered rendered(List<ChatMessage> messages, boolean addGenerationPrompt, Map<String, ?> variables) {
        Map<String, Object> all = new LinkedHashMap<>();
        // As transformers passes them: there, but none.
        all.put(TOOLS, null);
        all.put("documents", null);
        all.putAll(tokens);
        all.putAll(variables);
        for (String name : List.of(MESSAGES, ADD_GENERATION_PROMPT)) {
            if (variables.containsKey(name)) {
                throw new IllegalArgumentException("ChatTemplate: variables hold " + name
                        + ", which is an argument of its own; expected other names. Leave it out.");
            }
        }
        all.put(MESSAGES, messages.stream().map(ChatMessage::asMap).toList());
        all.put(ADD_GENERATION_PROMPT, addGenerationPrompt);
        Named template = chosen(all.get(TOOLS) != null);
        try {
            return template.template().rendered(all, options.clock, options.work, options.characters);
        } catch (TemplateFailure e) {
            throw failure(template.source(), e);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "ChatTemplate: in messages or variables, " + e.getMessage() + ". Make plain values of it.", e);
        }
    }

    /** With tools, for which the template has to have a place: one that renders the same without them would drop them. */
    JinjaTemplate.Rendered renderedWith(
            List<ChatMessage> messages, boolean addGenerationPrompt, List<? extends Map<String, ?>> tools) {
        if (tools.isEmpty()) {
            return rendered(messages, addGenerationPrompt, Map.of());
        }
        JinjaTemplate.Rendered with = rendered(messages, addGenerationPrompt, Map.of(TOOLS, tools));
        if (with.text().equals(rendered(messages, addGenerationPrompt, Map.of()).text())) {
            throw new ChatTemplateException(
                    chosen(true).source() + ": the template has no place for tools, and there are " + tools.size()
                            + "; expected one that renders them. Leave the tools out, describe them in the system message, or"
                            + " use a model that has learned to call them.",
                    "no place for tools");
        }
        return with;
    }

    private Named chosen(boolean withTools) {
        if (options.name != null) {
            return require(options.name);
        }
        return require(withTools && templates.containsKey(TOOL_USE) ? TOOL_USE : DEFAULT);
    }

    private static ChatTemplateException failure(String source, TemplateFailure e) {
        String where = source + (e.line() > 0 ? ", line " + e.line() : "") + ": ";
        String reason = MessageText.value(e.getMessage());
        String message = switch (e.kind()) {
            case RAISED ->
                where + "the template refuses these messages: \"" + reason
                        + "\"; expected a conversation as it was made for. Change the messages, or use another template.";
            case LIMIT ->
                where + reason + "; expected a template that ends within its limits."
                        + " It is hostile or damaged; if you trust it, allow more by withLimits(...).";
            default ->
                where + "the template fails on these messages: " + reason
                        + "; expected the roles, fields and variables that it reads. See the model's documentation"
                        + " for what to give.";
        };
        return new ChatTemplateException(message, e.getMessage());
    }

    @Override
    public String toString() {
        return "ChatTemplate" + names();
    }
}
