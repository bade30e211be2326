/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer.directory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;

/**
 * What the small files of a directory say of its tokenizer, asked for by name. A setting that nobody asked for could change ids, and
 * is refused in the end.
 */
final class TokenizerSettings {

    /** A token beside those of the model, as a file describes it. */
    record AddedToken(
            String content, boolean singleWord, boolean lstrip, boolean rstrip, boolean normalized, boolean special) {

        static AddedToken special(String content, boolean lstrip) {
            return new AddedToken(content, false, lstrip, false, false, true);
        }
    }

    private static final String ADDED = "added_tokens.json";

    /** The special tokens that a class of Transformers has by name. */
    static final List<String> NAMES =
            List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");

    /** What changes no id of a text. */
    private static final Set<String> WITHOUT_EFFECT = Set.of(
            "auto_map",
            "backend",
            "chat_template",
            "clean_up_tokenization_spaces",
            "device_map",
            "errors",
            "from_slow",
            "full_tokenizer_file",
            "init_inputs",
            "is_local",
            "local_files_only",
            "max_len",
            "max_length",
            "merges_file",
            "model_input_names",
            "model_max_length",
            "name_or_path",
            "pad_to_multiple_of",
            "pad_token_type_id",
            "padding_side",
            "processor_class",
            "sp_model",
            "spaces_between_special_tokens",
            "special_tokens_map_file",
            "stride",
            "tokenizer_class",
            "tokenizer_file",
            "transformers_version",
            "trim_offsets",
            "truncation_side",
            "truncation_strategy",
            "use_default_system_prompt",
            "use_fast",
            "vocab_file");

    private static final int LARGEST_ID = 10_000_000;

    private final Path directory;
    private final Path file;
    private final Map<String, Object> fields;
    private final Map<String, Object> special;
    private final Set<String> asked = new HashSet<>();

    TokenizerSettings(Path directory) throws IOException {
        this.directory = directory;
        this.file = directory.resolve(SpecialTokens.CONFIG);
        this.fields = SpecialTokens.fields(directory, SpecialTokens.CONFIG);
        this.special = SpecialTokens.fields(directory, SpecialTokens.MAP);
    }

    Path directory() {
        return directory;
    }

    /** The class of Transformers that the files name, without {@code Fast}; null if none does. */
    String tokenizerClass() throws IOException {
        Map<String, Object> config = SpecialTokens.fields(directory, "config.json");
        for (Map<String, Object> each : List.of(fields, config)) {
            if (each.get("tokenizer_class") instanceof String name) {
                return name.endsWith("Fast") ? name.substring(0, name.length() - "Fast".length()) : name;
            }
        }
        return config.get("model_type") instanceof String type ? SlowTokenizer.OF_MODEL.get(type) : null;
    }

    ModelFormatException refused(String name, Object found, String expected) {
        return new ModelFormatException(MessageText.path(file) + ": " + name + " is " + MessageText.value(found) + "; "
                + expected + ". Correct it, or save the tokenizer as tokenizer.json with Transformers."
                + " See docs/troubleshooting.md#tokenizer");
    }

    boolean flag(String name, boolean otherwise) throws ModelFormatException {
        asked.add(name);
        Object value = fields.get(name);
        if (value != null && !(value instanceof Boolean)) {
            throw refused(name, value, "expected true or false");
        }
        return value == null ? otherwise : (Boolean) value;
    }

    /** A setting that has to be as it is where nobody says anything. */
    void require(String name, boolean expected) throws ModelFormatException {
        if (flag(name, expected) != expected) {
            throw refused(name, !expected, "expected " + expected + ": the other is not supported");
        }
    }

    int count(String name, int otherwise, int most) throws ModelFormatException {
        asked.add(name);
        Object value = fields.get(name);
        if (value == null) {
            return otherwise;
        }
        if (!(value instanceof Integer number) || number < 0 || number > most) {
            throw refused(name, value, "expected an integer from 0 to " + most);
        }
        return number;
    }

    /** A setting that may be anything. */
    void ignore(String name) {
        asked.add(name);
    }

    Object value(String name) {
        asked.add(name);
        return fields.get(name);
    }

    /** Refuses what nobody asked for. */
    void end() throws ModelFormatException {
        for (Map.Entry<String, Object> field : fields.entrySet()) {
            String name = field.getKey();
            boolean known = asked.contains(name)
                    || WITHOUT_EFFECT.contains(name)
                    || NAMES.contains(name)
                    || name.startsWith("_")
                    || field.getValue() == null;
            if (!known) {
                throw refused(name, field.getValue(), "expected a setting that is known for this class of tokenizer");
            }
        }
    }

    /** The special tokens by name: as the files have them, else by default. */
    Map<String, AddedToken> named(Map<String, AddedToken> defaults) throws ModelFormatException {
        Map<String, AddedToken> tokens = new LinkedHashMap<>();
        for (String name : NAMES) {
            AddedToken token = defaults.get(name);
            for (Map<String, Object> each : List.of(special, fields)) {
                if (each.containsKey(name)) {
                    Object value = each.get(name);
                    boolean strips = token != null && token.lstrip();
                    token = value == null
                            ? null
                            : value instanceof String text && !text.isEmpty()
                                    ? AddedToken.special(text, strips)
                                    : token(name, value);
                }
            }
            if (token != null) {
                tokens.put(name, token);
            }
        }
        return tokens;
    }

    private AddedToken token(String where, Object value) throws ModelFormatException {
        if (value instanceof String text && !text.isEmpty()) {
            return AddedToken.special(text, false);
        }
        if (!(value instanceof Map<?, ?> object)
                || !(object.get("content") instanceof String content)
                || content.isEmpty()) {
            throw refused(where, value, "expected a token, as a text or with its content");
        }
        boolean isSpecial = flag(where, object, "special", true);
        return new AddedToken(
                content,
                flag(where, object, "single_word", false),
                flag(where, object, "lstrip", false),
                flag(where, object, "rstrip", false),
                flag(where, object, "normalized", !isSpecial),
                isSpecial);
    }

    private boolean flag(String where, Map<?, ?> object, String name, boolean otherwise) throws ModelFormatException {
        Object value = object.get(name);
        if (value != null && !(value instanceof Boolean)) {
            throw refused(where + "." + name, value, "expected true or false");
        }
        return value == null ? otherwise : (Boolean) value;
    }

    /** Further special tokens, which have no name. */
    List<AddedToken> further() throws ModelFormatException {
        List<AddedToken> tokens = new ArrayList<>();
        for (String name : List.of("additional_special_tokens", "extra_special_tokens")) {
            Object own = value(name);
            Object value = own == null ? special.get(name) : own;
            if (value instanceof List<?> list) {
                for (Object each : list) {
                    tokens.add(token(name, each));
                }
            } else if (value instanceof Map<?, ?> map) {
                for (Object each : map.values()) {
                    tokens.add(token(name, each));
                }
            } else if (value != null) {
                throw refused(name, value, "expected a list of tokens");
            }
        }
        return tokens;
    }

    /** The tokens with ids of their own: of {@code added_tokens_decoder}, else of {@value #ADDED}. */
    TreeMap<Integer, AddedToken> added(Set<String> specials) throws IOException {
        TreeMap<Integer, AddedToken> tokens = new TreeMap<>();
        Object decoder = value("added_tokens_decoder");
        if (decoder instanceof Map<?, ?> map) {
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                String where = "added_tokens_decoder[" + MessageText.value(entry.getKey()) + "]";
                AddedToken token = token(where, entry.getValue());
                boolean isSpecial =
                        entry.getValue() instanceof Map<?, ?> object && flag(where, object, "special", false);
                put(
                        tokens,
                        where,
                        id(where, String.valueOf(entry.getKey())),
                        new AddedToken(
                                token.content(),
                                token.singleWord(),
                                token.lstrip(),
                                token.rstrip(),
                                token.normalized(),
                                isSpecial));
            }
            return tokens;
        }
        if (decoder != null) {
            throw refused("added_tokens_decoder", decoder, "expected tokens by their ids");
        }
        Map<String, Object> old = SpecialTokens.fields(directory, ADDED);
        for (Map.Entry<String, Object> entry : old.entrySet()) {
            boolean isSpecial = specials.contains(entry.getKey());
            String where = "the id of " + MessageText.name(entry.getKey()) + " in " + ADDED;
            put(
                    tokens,
                    where,
                    id(where, String.valueOf(entry.getValue())),
                    new AddedToken(entry.getKey(), false, false, false, !isSpecial, isSpecial));
        }
        return tokens;
    }

    private void put(Map<Integer, AddedToken> tokens, String where, int id, AddedToken token)
            throws ModelFormatException {
        if (token.content().isEmpty() || tokens.put(id, token) != null) {
            throw refused(where, id, "expected a token that is not empty, with an id of its own");
        }
    }

    private int id(String where, String text) throws ModelFormatException {
        boolean digits = !text.isEmpty() && text.length() < 9 && text.chars().allMatch(c -> c >= '0' && c <= '9');
        if (!digits || Integer.parseInt(text) > LARGEST_ID) {
            throw refused(where, text, "expected an id from 0 to " + LARGEST_ID);
        }
        return Integer.parseInt(text);
    }

    /** Whether there is a file. */
    boolean has(String name) {
        return Files.exists(directory.resolve(name));
    }
}
