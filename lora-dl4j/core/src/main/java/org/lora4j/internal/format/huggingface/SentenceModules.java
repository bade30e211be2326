/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.huggingface;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;

/**
 * What the files of sentence-transformers beside a model say of how its vectors are made.
 *
 * @param transformer the folder of the transformer: that of the files, or one in it
 * @param pooling how tokens become one vector
 * @param behind what is done with that vector, in this order
 * @param maxLength maximum number of tokens of a text, if the files say so
 * @param lowerCase whether texts are written in lower case first
 * @param prompts what is put before texts, by the name of the purpose
 * @param defaultPrompt name of the prompt that every text gets, one of them
 * @param similarity {@code cosine}, {@code dot}, {@code euclidean} or {@code manhattan}, if the files say so
 * @apiNote Status: internal
 */
public record SentenceModules(
        Path transformer,
        Tokens pooling,
        List<Module> behind,
        OptionalInt maxLength,
        boolean lowerCase,
        Map<String, String> prompts,
        Optional<String> defaultPrompt,
        Optional<String> similarity) {

    /** The list of modules. */
    public static final String FILE = "modules.json";

    private static final String MODE = "pooling_mode_";
    private static final String PACKAGE = "sentence_transformers.";
    private static final String CONFIG = "config.json";
    private static final String EMBEDDING = "sentence_embedding";
    private static final Pattern FOLDER = Pattern.compile("\\w[\\w.-]*");
    private static final List<String> KNOWN = List.of("Transformer", "Pooling", "Dense", "Normalize", "Dropout");
    private static final List<String> SIMILARITIES = List.of("cosine", "dot", "euclidean", "manhattan");

    /** The modes in the order in which sentence-transformers joins their vectors, by what their switches were called before 5.3. */
    private static final Map<String, String> MODES = modes();

    /** What the file beside the transformer is called, after the kind that was the first to have it. */
    private static final List<String> LENGTHS = List.of(
            "sentence_bert_config.json",
            "sentence_roberta_config.json",
            "sentence_distilbert_config.json",
            "sentence_camembert_config.json",
            "sentence_albert_config.json",
            "sentence_xlm-roberta_config.json",
            "sentence_xlnet_config.json");

    /** What is done with a vector. */
    public sealed interface Module permits Dense, Normalize {}

    /** Division by the Euclidean length. */
    public record Normalize() implements Module {}

    /**
     * A linear module and a function.
     *
     * @param folder the folder of its weights
     * @param activation the class of PyTorch
     */
    public record Dense(Path folder, int inputs, int outputs, boolean bias, String activation) implements Module {}

    /**
     * How tokens become one vector.
     *
     * @param modes such as {@code mean} and {@code cls}; their vectors are joined
     * @param dimension the width of the hidden states, if the file says so
     * @param includesPrompt whether the tokens of a prompt are part of it
     */
    public record Tokens(List<String> modes, OptionalInt dimension, boolean includesPrompt) {}

    private static Map<String, String> modes() {
        Map<String, String> modes = new LinkedHashMap<>();
        modes.put("cls_token", "cls");
        modes.put("max_tokens", "max");
        modes.put("mean_tokens", "mean");
        modes.put("mean_sqrt_len_tokens", "mean_sqrt_len_tokens");
        modes.put("weightedmean_tokens", "weightedmean");
        modes.put("lasttoken", "lasttoken");
        return modes;
    }

    /**
     * Reads the files of a directory.
     *
     * @return empty if it has no {@code modules.json}
     * @throws ModelFormatException if a file is damaged, a path leads out of the directory, or the model has a module or a field whose
     *     numbers would be left out; the message lists every problem
     */
    public static Optional<SentenceModules> read(Path directory) throws IOException {
        Path modules = directory.resolve(FILE);
        if (!Files.exists(modules)) {
            return Optional.empty();
        }
        Problems problems = new Problems();
        List<Found> found = new ArrayList<>();
        int at = 0;
        for (Object entry : JsonObjectFile.readList(modules, "the modules.json of sentence-transformers")) {
            found(directory, "module " + at++, entry, problems).ifPresent(found::add);
        }
        List<String> order = found.stream().map(Found::type).toList();
        problems.check(
                !problems.isEmpty()
                        || order.size() > 1
                                && order.indexOf("Transformer") == 0
                                && order.lastIndexOf("Transformer") == 0
                                && order.indexOf("Pooling") == 1
                                && order.lastIndexOf("Pooling") == 1,
                "modules are " + order + ", expected a Transformer, then a Pooling, then others");
        throwIfAny(modules, problems);
        Tokens pooling = null;
        List<Module> behind = new ArrayList<>();
        for (Found module : found) {
            switch (module.type()) {
                case "Pooling" -> pooling = tokens(module.folder());
                case "Dense" -> behind.add(dense(module.folder()));
                case "Normalize" -> behind.add(new Normalize());
                default -> {
                    // The transformer is read elsewhere, and dropout does nothing after training.
                }
            }
        }
        return Optional.of(texts(directory, found.get(0).folder(), pooling, behind));
    }

    /** A module of the list. */
    private record Found(String type, Path folder) {}

    private static Optional<Found> found(Path directory, String where, Object entry, Problems problems) {
        if (!(entry instanceof Map<?, ?> module) || !(module.get("type") instanceof String type)) {
            problems.add(where + " is " + MessageText.value(entry) + ", expected an object with a type and a path");
            return Optional.empty();
        }
        String name = type.substring(type.lastIndexOf('.') + 1);
        if (!type.startsWith(PACKAGE) || !KNOWN.contains(name)) {
            problems.add(where + " is of type " + MessageText.name(type) + ", expected one of sentence-transformers' "
                    + Problems.quoted(KNOWN) + ClosestNames.hint(name, KNOWN)
                    + ": what others compute would be left out");
            return Optional.empty();
        }
        Object path = module.get("path");
        boolean here = path == null || "".equals(path);
        boolean inside = path instanceof String folder && FOLDER.matcher(folder).matches();
        boolean needsFolder = name.equals("Pooling") || name.equals("Dense");
        if (!(here && !needsFolder) && !inside) {
            problems.add(where + ": the path of the " + name + " is " + MessageText.name(path)
                    + ", expected a folder beside modules.json such as \"1_" + name + "\"");
            return Optional.empty();
        }
        return Optional.of(new Found(name, here ? directory : directory.resolve((String) path)));
    }

    private static Tokens tokens(Path folder) throws IOException {
        Path file = folder.resolve(CONFIG);
        Map<String, Object> config = JsonObjectFile.read(file, "the config.json of a pooling");
        Problems problems = new Problems();
        Object width = config.getOrDefault("word_embedding_dimension", config.get("embedding_dimension"));
        Object prompt = config.getOrDefault("include_prompt", true);
        problems.check(
                width == null || isSize(width),
                "the dimension is " + MessageText.value(width) + ", expected 1 or more");
        problems.check(
                prompt instanceof Boolean,
                "include_prompt is " + MessageText.value(prompt) + ", expected true or false");
        List<String> modes = config.get("pooling_mode") == null
                ? switchedOn(config, problems)
                : named(config.get("pooling_mode"), problems);
        throwIfAny(file, problems);
        return new Tokens(
                modes, width == null ? OptionalInt.empty() : OptionalInt.of((Integer) width), (Boolean) prompt);
    }

    private static List<String> switchedOn(Map<String, Object> config, Problems problems) {
        List<String> on = config.entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(MODE) && Boolean.TRUE.equals(entry.getValue()))
                .map(entry -> entry.getKey().substring(MODE.length()))
                .toList();
        on.forEach(mode -> checkMode(mode, MODES.keySet(), problems));
        List<String> modes = MODES.entrySet().stream()
                .filter(mode -> on.contains(mode.getKey()))
                .map(Map.Entry::getValue)
                .toList();
        // As in sentence-transformers: without any of them it is the mean.
        return modes.isEmpty() ? List.of("mean") : modes;
    }

    private static List<String> named(Object value, Problems problems) {
        List<?> given = value instanceof List<?> list ? list : List.of(value);
        List<String> modes = given.stream().map(String::valueOf).toList();
        modes.forEach(mode -> checkMode(mode, MODES.values(), problems));
        problems.check(
                !modes.isEmpty() && modes.stream().distinct().count() == modes.size(),
                "pooling_mode is " + MessageText.value(value) + ", expected one mode or more, each once");
        return modes;
    }

    private static void checkMode(String mode, Collection<String> known, Problems problems) {
        problems.check(
                known.contains(mode),
                "the pooling is " + MessageText.name(mode) + ", expected modes among " + Problems.quoted(known)
                        + ClosestNames.hint(mode, known));
    }

    private static Dense dense(Path folder) throws IOException {
        Path file = folder.resolve(CONFIG);
        Map<String, Object> config = JsonObjectFile.read(file, "the config.json of a Dense");
        Problems problems = new Problems();
        Object inputs = config.get("in_features");
        Object outputs = config.get("out_features");
        Object bias = config.getOrDefault("bias", true);
        Object activation = config.get("activation_function");
        problems.check(isSize(inputs), "in_features is " + MessageText.value(inputs) + ", expected 1 or more");
        problems.check(isSize(outputs), "out_features is " + MessageText.value(outputs) + ", expected 1 or more");
        problems.check(bias instanceof Boolean, "bias is " + MessageText.value(bias) + ", expected true or false");
        problems.check(
                activation instanceof String,
                "activation_function is " + MessageText.value(activation)
                        + ", expected the name of a class of PyTorch");
        for (String name : List.of("module_input_name", "module_output_name")) {
            Object value = config.get(name);
            problems.check(
                    value == null || EMBEDDING.equals(value),
                    name + " is " + MessageText.name(value) + ", expected \"" + EMBEDDING + "\", the vector of a text");
        }
        throwIfAny(file, problems);
        return new Dense(folder, (Integer) inputs, (Integer) outputs, (Boolean) bias, (String) activation);
    }

    private static SentenceModules texts(Path directory, Path transformer, Tokens pooling, List<Module> behind)
            throws IOException {
        Problems problems = new Problems();
        Map<String, Object> length = Map.of();
        for (String name : LENGTHS) {
            length = length.isEmpty() ? optional(transformer.resolve(name)) : length;
        }
        Object most = length.get("max_seq_length");
        Object lower = length.getOrDefault("do_lower_case", false);
        problems.check(
                most == null || isSize(most), "max_seq_length is " + MessageText.value(most) + ", expected 1 or more");
        problems.check(
                lower instanceof Boolean, "do_lower_case is " + MessageText.value(lower) + ", expected true or false");
        throwIfAny(transformer, problems);
        Path file = directory.resolve("config_sentence_transformers.json");
        Map<String, Object> config = optional(file);
        Map<String, String> prompts = prompts(config.get("prompts"), problems);
        Object chosen = config.get("default_prompt_name");
        Object similarity = config.get("similarity_fn_name");
        problems.check(
                chosen == null || chosen instanceof String name && prompts.containsKey(name),
                "default_prompt_name is " + MessageText.name(chosen) + ", expected one of the prompts "
                        + Problems.quoted(prompts.keySet()));
        problems.check(
                similarity == null || SIMILARITIES.contains(similarity),
                "similarity_fn_name is " + MessageText.name(similarity) + ", expected one of "
                        + Problems.quoted(SIMILARITIES));
        throwIfAny(file, problems);
        return new SentenceModules(
                transformer,
                pooling,
                List.copyOf(behind),
                most == null ? OptionalInt.empty() : OptionalInt.of((Integer) most),
                (Boolean) lower,
                prompts,
                Optional.ofNullable((String) chosen),
                Optional.ofNullable((String) similarity));
    }

    private static Map<String, String> prompts(Object value, Problems problems) {
        Map<String, String> prompts = new LinkedHashMap<>();
        boolean sound = value == null || value instanceof Map;
        if (value instanceof Map<?, ?> map) {
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                sound &= entry.getValue() == null || entry.getValue() instanceof String;
                if (entry.getValue() instanceof String text) {
                    prompts.put(String.valueOf(entry.getKey()), text);
                }
            }
        }
        problems.check(sound, "prompts are " + MessageText.value(value) + ", expected texts by name");
        return prompts;
    }

    private static boolean isSize(Object value) {
        return value instanceof Integer number && number >= 1;
    }

    private static void throwIfAny(Path file, Problems problems) throws ModelFormatException {
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(MessageText.path(file))
                    + ". Get another model, or take the weights alone: TextEncoder.of(weights, tokenizer, pooling).");
        }
    }

    private static Map<String, Object> optional(Path file) throws IOException {
        return Files.exists(file) ? JsonObjectFile.read(file, "a config of sentence-transformers") : Map.of();
    }
}
