/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.Backend;
import org.lora4j.trust.TrustPolicy;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Loads adapters that {@link Adapter#load} does not take as they are: with keys of another library, without a config file,
 * damaged in parts.
 *
 * <p>Example, a checkpoint of loralib: <pre>{@code
 * Adapter adapter = AdapterLoader.of(Path.of("roberta_base_lora_mnli.bin"))
 *         .config(LoraConfig.builder()
 *                 .rank(8)
 *                 .alpha(16)
 *                 .targetModules("query", "value")
 *                 .modulesToSave("classifier")
 *                 .build())
 *         .keyMapping(Map.of(
 *                 "^(.*)\\.lora_([AB])$", "base_model.model.$1.lora_$2.weight",
 *                 "^classifier", "base_model.model.classifier"))
 *         .load();
 * }</pre>
 *
 * <p><b>State.</b> Immutable; each setter gives a new loader.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: experimental
 */
public final class AdapterLoader {

    /** PEFT's name for an adapter that lies in a directory itself and not in a folder below. */
    public static final String DEFAULT_NAME = "default";

    private final Path path;
    private final AdapterConfig config;
    private final Map<Pattern, String> mapping;
    private final Map<String, INDArray> given;
    private final Consumer<String> leftOut;
    private final TrustPolicy trust;

    private AdapterLoader(
            Path path,
            AdapterConfig config,
            Map<Pattern, String> mapping,
            Map<String, INDArray> given,
            Consumer<String> leftOut,
            TrustPolicy trust) {
        this.path = path;
        this.trust = trust;
        this.config = config;
        this.mapping = mapping;
        this.given = given;
        this.leftOut = leftOut;
    }

    /**
     * Starts with a place.
     *
     * @param path the directory of an adapter, or with {@link #config} a file of weights
     * @return a strict loader without a mapping
     */
    public static AdapterLoader of(Path path) {
        Arguments.required(path, "AdapterLoader.of: path", "a PEFT directory, or a file of tensors");
        return new AdapterLoader(path, null, Map.of(), Map.of(), null, TrustPolicy.usual());
    }

    /**
     * Gives the config in place of a config file.
     *
     * @param config what was adapted and how
     * @return a new loader
     */
    public AdapterLoader config(AdapterConfig config) {
        Arguments.required(config, "AdapterLoader.config: config", "a config");
        return new AdapterLoader(path, config, mapping, given, leftOut, trust);
    }

    /**
     * Renames the tensors of the file before they are read as PEFT's keys.
     *
     * @param replacements replacement by regular expression, with {@code $1} for a group; the first expression that is
     *     found in a name, in the map's order, replaces every place where it is found
     * @return a new loader
     * @throws IllegalArgumentException if an expression is not one
     */
    public AdapterLoader keyMapping(Map<String, String> replacements) {
        Arguments.allRequired(replacements, "AdapterLoader.keyMapping: replacements", "what takes the place of a name");
        Map<Pattern, String> compiled = new LinkedHashMap<>();
        Problems problems = new Problems();
        replacements.forEach((expression, replacement) -> {
            try {
                compiled.put(Pattern.compile(expression), replacement);
            } catch (PatternSyntaxException e) {
                problems.add("\"" + expression + "\" is no regular expression: " + e.getDescription());
            }
        });
        problems.throwIfAny("AdapterLoader.keyMapping");
        return new AdapterLoader(path, config, compiled, given, leftOut, trust);
    }

    /**
     * Gives tensors that belong to the adapter and are in no file of it, as though the file held them: PEFT draws the
     * projections of VeRA and RandLoRA, where they are not saved, and the positions of FourierFT from PyTorch's generator, which
     * lora4j has not.
     *
     * <p>Keys are PEFT's, such as {@code base_model.vera_A}; for positions {@code
     * base_model.model.MODULE.fourierft_indices}, as PEFT has them in memory {@code [2, number]}: rows, then columns. What
     * PEFT does not write is not written either when the adapter is saved, and has to be given again.
     *
     * <p>Example, values that Python wrote from {@code model.base_model.vera_A["default"]}: <pre>{@code
     * Adapter adapter = AdapterLoader.of(directory)
     *         .tensors(Map.of("base_model.vera_A", a, "base_model.vera_B", b))
     *         .load();
     * }</pre>
     *
     * @param tensors arrays by key, which are copied; integers or floating point
     * @return a new loader
     */
    public AdapterLoader tensors(Map<String, INDArray> tensors) {
        Arguments.allRequired(tensors, "AdapterLoader.tensors: tensors", "an array");
        Map<String, INDArray> own = new TreeMap<>();
        tensors.forEach((key, array) -> own.put(
                key,
                array.dataType().isFPType()
                        ? array.dup('c')
                        : array.castTo(DataType.DOUBLE).dup('c')));
        return new AdapterLoader(path, config, mapping, own, leftOut, trust);
    }

    /**
     * Leaves out what does not fit instead of refusing the adapter: keys that are not understood, modules whose tensors are
     * incomplete, of wrong shapes, not finite or not selected by the config. Damage of the files themselves and options
     * that are not supported are refused as ever.
     *
     * @param leftOut gets a sentence for each thing left out
     * @return a new loader
     */
    public AdapterLoader lenient(Consumer<String> leftOut) {
        Arguments.required(leftOut, "AdapterLoader.lenient: leftOut", "what hears of tensors that are left out");
        return new AdapterLoader(path, config, mapping, given, leftOut, trust);
    }

    /**
     * Sets what is asked of the directory: a signature by a trusted key, or a receipt. What the receipt says of the base is compared
     * where the adapter comes to one.
     *
     * @param policy the policy; {@link TrustPolicy#usual} by default
     * @return a new loader
     */
    public AdapterLoader trust(TrustPolicy policy) {
        Arguments.required(policy, "AdapterLoader.trust: policy", "one, such as TrustPolicy.usual().strict()");
        return new AdapterLoader(path, config, mapping, given, leftOut, policy);
    }

    /**
     * Reads the adapter.
     *
     * @return the adapter
     * @throws AdapterFormatException as for {@link Adapter#load}
     * @throws IOException as for {@link Adapter#load}
     */
    public Adapter load() throws IOException {
        Backend.require();
        if (trust == TrustPolicy.usual()) {
            return new AdapterReader(path, this).read();
        }
        try (TrustPolicy.Opened opened = trust.open(path)) {
            Adapter adapter = new AdapterReader(opened.path(), this).read();
            trust.requireReceipt(path, adapter.receipt());
            return adapter;
        }
    }

    AdapterConfig config() {
        return config;
    }

    Map<String, INDArray> given() {
        return given;
    }

    /** Whether the files are taken as they are. */
    boolean isPlain() {
        return config == null && mapping.isEmpty() && given.isEmpty() && leftOut == null;
    }

    boolean isLenient() {
        return leftOut != null;
    }

    void report(Path file, List<String> sentences) {
        sentences.forEach(sentence -> leftOut.accept(file + ": " + sentence));
    }

    String mapped(String key) {
        for (Map.Entry<Pattern, String> line : mapping.entrySet()) {
            Matcher matcher = line.getKey().matcher(key);
            if (matcher.find()) {
                return matcher.replaceAll(line.getValue());
            }
        }
        return key;
    }
}
