/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.huggingface.JsonObjectFile;

/**
 * Reads the {@code config.json} of a decoder, as Transformers 4 and 5 write it.
 *
 * @apiNote Status: internal
 */
public final class DecoderConfigReader {

    /** Name of the file. */
    public static final String FILE = "config.json";

    private static final String SLIDING = "sliding_attention";
    private static final List<String> LAYER_TYPES = List.of("full_attention", SLIDING);

    /** Fields that would change the numbers, with what they may be beside absent. */
    private static final Map<String, Set<Object>> HARMLESS = Map.of(
            "quantization_config", Set.of(),
            "is_encoder_decoder", Set.of(false),
            "use_bidirectional_attention", Set.of(false),
            "add_cross_attention", Set.of(false));

    private final ConfigFields fields;
    private final Problems problems;
    private final int tensors;

    private DecoderConfigReader(ConfigFields fields, int tensors) {
        this.fields = fields;
        this.problems = fields.problems();
        this.tensors = tensors;
    }

    /**
     * Reads a config.
     *
     * @param directory the model's directory
     * @param tensors how many tensors its files have: no model has more layers
     * @throws ModelFormatException if it is damaged, of another family, contradicts itself or asks for what is not
     *     supported; the message lists every problem
     * @throws IOException if it does not exist or cannot be read
     */
    public static DecoderConfig read(Path directory, int tensors) throws IOException {
        Path file = directory.resolve(FILE);
        Map<String, Object> all = JsonObjectFile.read(file, "the config.json of a Hugging Face model");
        Object modelType = all.get("model_type");
        Optional<DecoderFamily> family = modelType instanceof String type ? DecoderFamily.of(type) : Optional.empty();
        if (family.isEmpty()) {
            throw new ModelFormatException(file + ": model_type is "
                    + (modelType == null ? "missing" : ConfigFields.quoted(modelType)) + "; expected one of "
                    + Problems.quoted(DecoderFamily.modelTypes())
                    + (modelType instanceof String type ? ClosestNames.hint(type, DecoderFamily.modelTypes()) : "")
                    + ". Models of other types are read after ModelFamily.register.");
        }
        Problems problems = new Problems();
        HARMLESS.forEach((name, allowed) -> {
            Object value = all.get(name);
            problems.check(
                    value == null || allowed.contains(value),
                    name + " is " + ConfigFields.quoted(value)
                            + ", expected none: it would change the numbers and is not supported");
        });
        DecoderConfig config = new DecoderConfigReader(new ConfigFields(all, family.get(), problems), tensors).config();
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(file.toString())
                    + ". The model cannot be computed as Python would: get another one, or correct the file.");
        }
        return config;
    }

    private DecoderConfig config() {
        DecoderFamily family = fields.family();
        int hidden = fields.size("hidden_size");
        int heads = fields.size("num_attention_heads");
        int keyHeads = fields.optionalSize("num_key_value_heads").orElse(heads);
        problems.check(
                heads % keyHeads == 0,
                fields.key("num_key_value_heads") + " is " + keyHeads + ", expected a divisor of the " + heads + " of "
                        + fields.key("num_attention_heads"));
        int intermediate = intermediate(hidden);
        int headSize = headSize(hidden, heads);
        long attention = DecoderConfig.attentionWidth(heads, keyHeads, headSize);
        if (attention > DecoderConfig.WIDEST) {
            problems.add(fields.key("num_attention_heads") + ", " + fields.key("num_key_value_heads")
                    + " and the size of a head, " + heads + ", " + keyHeads + " and " + headSize
                    + ", make queries, keys and values of " + attention + " numbers for a token, expected at most "
                    + DecoderConfig.WIDEST);
            heads = 1;
            keyHeads = 1;
        }
        int layers = fields.size("num_hidden_layers");
        if (layers > tensors) {
            problems.add(fields.key("num_hidden_layers") + " is " + layers + ", but the files hold " + tensors
                    + " tensors; expected as many layers as the model has");
            layers = 1;
        }
        return new DecoderConfig(
                family,
                fields.size("vocab_size"),
                hidden,
                intermediate,
                fields.size("max_position_embeddings"),
                heads,
                keyHeads,
                headSize,
                fields.positive("norm_eps", 1e-6),
                activation(),
                fields.flag("tie_word_embeddings"),
                biased(family),
                fields.flag("scales_embeddings") ? Math.sqrt(hidden) : fields.positive("embedding_multiplier", 1),
                fields.positive("residual_multiplier", 1),
                1 / fields.positive("logits_scaling", 1),
                fields.positive("final_logit_softcapping"),
                fields.flag("use_parallel_residual"),
                layers(layers, headSize));
    }

    private int headSize(int hidden, int heads) {
        OptionalInt given = fields.optionalSize("head_dim");
        problems.check(
                given.isPresent() || hidden % heads == 0,
                fields.key("num_attention_heads") + " is " + heads + ", expected a divisor of "
                        + fields.key("hidden_size") + " " + hidden + ", or a head_dim");
        int size = given.orElse(Math.max(1, hidden / heads));
        problems.check(
                size <= DecoderConfig.LARGEST_HEAD,
                fields.key("hidden_size") + " over " + fields.key("num_attention_heads") + " is " + size
                        + ", expected at most " + DecoderConfig.LARGEST_HEAD + ", the size of a head");
        return Math.min(size, DecoderConfig.LARGEST_HEAD);
    }

    /** GPT-2 has a rule where its file is silent. */
    private int intermediate(int hidden) {
        if (!fields.family().fourfoldByDefault()) {
            return fields.size("intermediate_size");
        }
        OptionalInt given = fields.optionalSize("intermediate_size");
        int most = DecoderConfig.WIDEST / 4;
        problems.check(
                given.isPresent() || hidden <= most,
                fields.key("hidden_size") + " is " + hidden + ", expected at most " + most + " without "
                        + fields.key("intermediate_size") + ", which is four times as large then");
        return given.orElse(4 * Math.min(hidden, most));
    }

    private Activation activation() {
        Object name = fields.value("hidden_act");
        Optional<Activation> found = name instanceof String text ? Activation.named(text) : Optional.empty();
        if (found.isEmpty()) {
            problems.add(fields.key("hidden_act") + " is " + ConfigFields.quoted(name) + ", expected one of "
                    + Problems.quoted(Activation.names())
                    + (name instanceof String text ? ClosestNames.hint(text, Activation.names()) : ""));
        }
        return found.orElse(Activation.SILU);
    }

    private Set<DecoderPart> biased(DecoderFamily family) {
        Set<DecoderPart> biased = EnumSet.noneOf(DecoderPart.class);
        for (DecoderPart part : family.parts()) {
            family.bias(part)
                    .filter(field -> field.isEmpty() || fields.flag(field))
                    .ifPresent(field -> biased.add(part));
        }
        return biased;
    }

    private List<DecoderLayer> layers(int count, int headSize) {
        List<Boolean> turned = turned(count);
        List<Boolean> windowed = windowed(turned);
        OptionalInt window = fields.optionalSize("sliding_window");
        Rotation[] rotations = fields.family().has(DecoderPart.POSITIONS) ? null : rotations(headSize);
        OptionalDouble cap = fields.positive("attn_logit_softcapping");
        List<DecoderLayer> layers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            boolean slides = windowed.get(i);
            Optional<Rotation> rotation =
                    rotations == null || !turned.get(i) ? Optional.empty() : Optional.of(rotations[slides ? 1 : 0]);
            layers.add(new DecoderLayer(scoreScale(headSize, i), cap, slides ? window : OptionalInt.empty(), rotation));
        }
        return layers;
    }

    private double scoreScale(int headSize, int layer) {
        if (fields.family().reads("scale_attn_weights")) {
            double scale = fields.flag("scale_attn_weights") ? 1 / Math.sqrt(headSize) : 1;
            return fields.flag("scale_attn_by_inverse_layer_idx") ? scale / (layer + 1) : scale;
        }
        return fields.family().reads("attention_multiplier")
                ? fields.positive("attention_multiplier", 1)
                : 1 / Math.sqrt(fields.positive("query_pre_attn_scalar", headSize));
    }

    private List<Boolean> windowed(List<Boolean> turned) {
        int count = turned.size();
        boolean none = fields.optionalSize("sliding_window").isEmpty()
                || fields.family().reads("use_sliding_window") && !fields.flag("use_sliding_window");
        Optional<List<Object>> types = fields.perLayer("layer_types", LAYER_TYPES, count);
        if (types.isPresent()) {
            problems.check(
                    types.get().size() == count,
                    "layer_types has " + types.get().size() + " entries, expected one for each of " + count
                            + " layers");
            return types.get().stream()
                    .limit(count)
                    .map(type -> !none && SLIDING.equals(type))
                    .toList();
        }
        int from = fields.optionalSize("max_window_layers").orElse(0);
        int every = fields.optionalSize("_sliding_window_pattern")
                .orElse(fields.optionalSize("sliding_window_pattern").orElse(1));
        return IntStream.range(0, count)
                .mapToObj(i -> !none
                        && switch (fields.family().windows()) {
                            case ALL -> true;
                            case UPPER -> i >= from;
                            case EVERY_SECOND -> i % 2 == 0;
                            case PATTERN -> (i + 1) % every != 0;
                            case UNTURNED -> !turned.get(i);
                            case NONE -> false;
                        })
                .toList();
    }

    /** Which layers rotate at all. */
    private List<Boolean> turned(int count) {
        Optional<List<Object>> listed = fields.perLayer("no_rope_layers", List.of(0, 1), count);
        if (listed.isPresent()) {
            return listed.get().stream()
                    .limit(count)
                    .map(Integer.valueOf(1)::equals)
                    .toList();
        }
        OptionalInt every = fields.optionalSize("no_rope_layer_interval");
        return IntStream.range(0, count)
                .mapToObj(i -> every.isEmpty() || (i + 1) % every.getAsInt() != 0)
                .toList();
    }

    /** That of layers which see everything, and that of those with a window: mostly the same one. */
    private Rotation[] rotations(int headSize) {
        Map<?, ?> given = map("rope_parameters");
        boolean newer = !given.isEmpty();
        Map<?, ?> full =
                given.get("full_attention") instanceof Map<?, ?> own ? own : newer ? given : map("rope_scaling");
        String where = newer ? "rope_parameters" : "rope_scaling";
        Object theta = newer && full.get("rope_theta") != null ? full.get("rope_theta") : fields.value("rope_theta");
        Rotation wide = rotation(where, full, theta, headSize);
        if (given.get(SLIDING) instanceof Map<?, ?> own) {
            return new Rotation[] {wide, rotation(where, own, own.get("rope_theta"), headSize)};
        }
        Object local = fields.value("rope_local_base_freq");
        return new Rotation[] {wide, local == null ? wide : rotation("rope_local_base_freq", Map.of(), local, headSize)
        };
    }

    private Rotation rotation(String where, Map<?, ?> given, Object theta, int headSize) {
        double base = ConfigFields.positive(
                        where.equals("rope_local_base_freq") ? where : fields.key("rope_theta"), theta, problems)
                .orElse(1e4);
        Object share = given.get("partial_rotary_factor");
        double part = share == null
                ? fields.positive("partial_rotary_factor", 1)
                : ConfigFields.positive(where + ".partial_rotary_factor", share, problems)
                        .orElse(1);
        problems.check(part <= 1, "partial_rotary_factor is " + part + ", expected at most 1");
        int context = fields.optionalSize("max_position_embeddings").orElse(1);
        return RopeScaling.of(
                where,
                given,
                base,
                (int) (headSize * Math.min(part, 1)),
                context,
                fields.optionalSize("original_max_position_embeddings").orElse(context),
                problems);
    }

    private Map<?, ?> map(String name) {
        Object value = fields.value(name);
        problems.check(
                value == null || value instanceof Map<?, ?>,
                name + " is " + ConfigFields.quoted(value) + ", expected an object or null");
        return value instanceof Map<?, ?> map ? map : Map.of();
    }
}
