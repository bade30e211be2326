/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.encoder;

import static org.lora4j.internal.encoder.EncoderPart.*;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.encoder.EncoderFamily.Relative;
import org.lora4j.internal.encoder.EncoderShape.RelativeTerms;
import org.lora4j.internal.encoder.EncoderShape.Sizes;
import org.lora4j.internal.format.huggingface.JsonObjectFile;

/**
 * Reads the {@code config.json} of an encoder: what its Python class would make of it, in one form for all families.
 *
 * @apiNote Status: internal
 */
public final class EncoderConfigReader {

    /** Name of the file in a model directory. */
    public static final String FILE = "config.json";

    /** Layers that are shared may be more than the tensors that there are. */
    private static final int MOST_SHARED_LAYERS = 4096;

    /** No sum of three such widths leaves the range of an integer. */
    private static final int WIDEST = 1 << 28;

    /** No head is as wide; rotary positions have an angle for each pair of its entries. */
    private static final int LARGEST_HEAD = 1 << 16;

    private static final Set<String> OF_OTHERS = Set.of(
            "architectures",
            "id2label",
            "label2id",
            "num_labels",
            "problem_type",
            "sentence_transformers",
            "sbert_ce_default_activation_function",
            "finetuning_task",
            "torch_dtype",
            "dtype",
            "transformers_version",
            "_name_or_path");

    private static final String RELATIVE_KEY = "relative_key";
    private static final String RELATIVE_KEY_QUERY = "relative_key_query";
    private static final String LAYER_NORM = "layer_norm";

    private final EncoderFields fields;
    private final Problems problems;
    private final EncoderFamily family;
    private final int tensors;
    private int terms = 1;

    private EncoderConfigReader(EncoderFields fields, int tensors) {
        this.fields = fields;
        this.problems = fields.problems();
        this.family = fields.family();
        this.tensors = tensors;
    }

    /**
     * The fields of a file, if they are of a family that can be read.
     *
     * @param file where they are, for messages
     * @param family which one
     * @param all the fields
     */
    public record Fields(Path file, EncoderFamily family, Map<String, Object> all) {

        /** Those that describe the encoder, and not a head, types of numbers, or who wrote the file. */
        public Map<String, Object> ofEncoder() {
            Map<String, Object> described = new LinkedHashMap<>(all);
            described.keySet().removeAll(OF_OTHERS);
            return described;
        }

        /**
         * What they say.
         *
         * @param tensors how many tensors the model's files hold, so that no number of layers fills the memory
         * @return shape and head
         * @throws ModelFormatException if a field is missing, contradicts another one or asks for what is not supported; the
         *     message lists every problem
         */
        public EncoderDescription description(int tensors) throws ModelFormatException {
            Problems problems = new Problems();
            EncoderDescription read = EncoderConfigReader.read(all, family, tensors, problems);
            if (!problems.isEmpty()) {
                throw new ModelFormatException(problems.message(file.toString())
                        + ". The model cannot be computed as Python would: get another one, or correct the file.");
            }
            return read;
        }
    }

    /**
     * Reads a file.
     *
     * @param file the file
     * @return its fields
     * @throws ModelFormatException if it is damaged or of a family that is not known
     * @throws IOException if it does not exist or cannot be read
     */
    public static Fields open(Path file) throws IOException {
        Map<String, Object> all = JsonObjectFile.read(file, "the config.json of a Hugging Face model");
        Object modelType = all.get("model_type");
        Optional<EncoderFamily> family = modelType instanceof String type ? EncoderFamily.of(type) : Optional.empty();
        if (family.isEmpty()) {
            // The fields of other models mean other things, so complaining about each would only confuse.
            throw new ModelFormatException(file + ": model_type is "
                    + (modelType == null ? "missing" : EncoderFields.quoted(modelType))
                    + classified(all.get("architectures")) + "; expected one of "
                    + Problems.quoted(EncoderFamily.modelTypes())
                    + (modelType instanceof String type ? ClosestNames.hint(type, EncoderFamily.modelTypes()) : "")
                    + ". Encoders of other types cannot be read: take a model of one of these, or export this one to ONNX"
                    + " and read the graph. Models that write text are read by CausalLm.load.");
        }
        return new Fields(file, family.get(), all);
    }

    /** The class of a model that nothing here reads, if it has a head, such as that of a decoder. */
    private static String classified(Object architectures) {
        return architectures instanceof List<?> list
                        && list.stream().anyMatch(name -> String.valueOf(name).contains("For"))
                ? ", of the class " + EncoderFields.quoted(list)
                : "";
    }

    /** The shape that fields give, which need not come from a file. */
    public static EncoderDescription read(
            Map<String, Object> all, EncoderFamily family, int tensors, Problems problems) {
        return new EncoderConfigReader(new EncoderFields(all, family, problems), tensors).description();
    }

    private EncoderDescription description() {
        Optional<String> architecture = architecture();
        refuseWhatWouldBeIgnored(architecture.orElse(""));
        EncoderShape shape = shape();
        Object problemType = fields.raw("problem_type");
        problems.check(
                problemType == null || problemType instanceof String,
                "problem_type is " + EncoderFields.quoted(problemType) + ", expected a string");
        checkLabels();
        return new EncoderDescription(
                shape, architecture, classes(), !Boolean.FALSE.equals(fields.raw("tie_word_embeddings")));
    }

    private void refuseWhatWouldBeIgnored(String architecture) {
        FixedFields.checkAll(fields.all(), problems);
        family.fixed().check(fields.all(), problems);
        family.heads().keySet().stream()
                .filter(task -> architecture.equals(family.className(task.suffix())))
                .forEach(task -> family.fixed(task).check(fields.all(), problems));
        Object code = fields.raw("auto_map");
        problems.check(
                code == null || family.isKnownByShape() || namesNoModelClass(code),
                "auto_map is " + EncoderFields.quoted(code)
                        + ", expected no Python code of the model's own: it would change the numbers and is not"
                        + " supported");
    }

    private static boolean namesNoModelClass(Object autoMap) {
        return autoMap instanceof Map<?, ?> map
                && map.keySet().stream().noneMatch(key -> Objects.toString(key).startsWith("AutoModel"));
    }

    private EncoderShape shape() {
        Sizes sizes = sizes();
        RelativeTerms relative = relative(sizes);
        Map<String, EncoderActivation> functions = functions();
        Set<EncoderPart> parts = parts(sizes, relative);
        List<EncoderRotation> rotations = new ArrayList<>();
        List<EncoderBlock> blocks = blocks(sizes.headSize(), rotations);
        OptionalInt padding = padding(sizes.positions());
        double epsilon = epsilon();
        Set<EncoderPart> rms = rms(parts);
        Set<EncoderPart> biased = biased(parts, rms);
        double scale = family.isScaled() ? 1 / Math.sqrt((double) sizes.headSize() * terms) : 1;
        boolean firstOrMean = family.reads("classifier_pooling");
        HeadForm.Input headInput = firstOrMean
                        && fields.choice("classifier_pooling", List.of("cls", "mean"))
                                .equals("mean")
                ? HeadForm.Input.MEAN
                : HeadForm.Input.FIRST;
        // Without one, a batch has a single text and nothing to pass over.
        OptionalInt passedOver = family.countsFromPadding() || fields.value("pad_token_id") == null
                ? OptionalInt.empty()
                : OptionalInt.of(fields.size("pad_token_id", 0));
        Set<HeadForm.Kind> unbiased = EnumSet.noneOf(HeadForm.Kind.class);
        if (family.reads("classifier_bias") && !fields.flag("classifier_bias")) {
            unbiased.add(HeadForm.Kind.LINEAR);
        }
        if (family.reads("decoder_bias") && !fields.flag("decoder_bias")) {
            unbiased.add(HeadForm.Kind.WORDS);
        }
        return new EncoderShape(
                family,
                sizes,
                Collections.unmodifiableSet(parts),
                Collections.unmodifiableSet(biased),
                Collections.unmodifiableSet(rms),
                epsilon,
                functions,
                padding,
                relative,
                List.copyOf(rotations),
                scale,
                List.copyOf(blocks),
                headInput,
                passedOver,
                Collections.unmodifiableSet(unbiased));
    }

    private Set<EncoderPart> rms(Set<EncoderPart> parts) {
        Set<EncoderPart> rms = EnumSet.noneOf(EncoderPart.class);
        parts.stream().filter(family::isRms).forEach(rms::add);
        boolean between = family.reads("layer_norm_type")
                && fields.choice("layer_norm_type", List.of(LAYER_NORM, "rms_norm"))
                        .equals("rms_norm");
        if (between) {
            rms.addAll(List.of(ATTENTION_SUM_NORM, MLP_SUM_NORM));
        }
        return rms;
    }

    private Set<EncoderPart> biased(Set<EncoderPart> parts, Set<EncoderPart> rms) {
        Map<String, Boolean> said = new LinkedHashMap<>();
        Set<EncoderPart> biased = EnumSet.noneOf(EncoderPart.class);
        for (EncoderPart part : parts) {
            String field = family.bias(part).orElse(null);
            if (field != null
                    && !rms.contains(part)
                    && said.computeIfAbsent(field, name -> name.isEmpty() || fields.flag(name))) {
                biased.add(part);
            }
        }
        return biased;
    }

    private double epsilon() {
        if (!family.reads("norm_eps")) {
            return 1e-12;
        }
        double epsilon = fields.number("norm_eps");
        problems.check(
                epsilon >= 0 && epsilon < 1,
                fields.key("norm_eps") + " is " + epsilon + ", expected a number from 0 to below 1");
        return epsilon;
    }

    private Sizes sizes() {
        int hidden = width("hidden_size");
        int heads = fields.size("num_attention_heads");
        int headSize = headSize(hidden, heads);
        int keyHeads = fields.optionalSize("num_key_value_heads").orElse(heads);
        problems.check(
                heads % keyHeads == 0,
                fields.key("num_key_value_heads") + " is " + keyHeads + ", expected a divisor of the " + heads + " of "
                        + fields.key("num_attention_heads"));
        int positions = family.relative() == Relative.NONE && family.parts().contains(POSITIONS)
                ? fields.size("max_position_embeddings")
                : fields.length("max_position_embeddings", 1);
        int types = family.parts().contains(TYPES) ? fields.size("type_vocab_size", leastTypes()) : 0;
        int embedding = fields.value("embedding_size") == null ? hidden : width("embedding_size");
        boolean convolved = family.reads("conv_kernel_size") && fields.integer("conv_kernel_size") > 0;
        int window = convolved ? fields.size("conv_kernel_size") : 0;
        problems.check(
                !convolved || window % 2 == 1 && window < 1024,
                "conv_kernel_size is " + window + ", expected an odd number below 1024");
        int groups = convolved ? fields.size("conv_groups") : 1;
        problems.check(
                hidden % groups == 0,
                "conv_groups is " + groups + ", expected a divisor of the " + hidden + " of "
                        + fields.key("hidden_size"));
        return new Sizes(
                rowsOfWords(),
                positions,
                types,
                embedding,
                hidden,
                width("intermediate_size"),
                heads,
                heads % keyHeads == 0 ? keyHeads : heads,
                headSize,
                relativeRows(positions),
                window,
                groups);
    }

    /** BERT has types always, others perhaps. */
    private int leastTypes() {
        boolean may =
                family.fallback("type_vocab_size").equals(0) || !family.parts().contains(POSITIONS);
        return may ? 0 : 1;
    }

    /** Nomic's published files round the table up. */
    private int rowsOfWords() {
        int words = fields.size("vocab_size");
        if (!family.reads("pad_vocab_size_multiple")) {
            return words;
        }
        int multiple = fields.size("pad_vocab_size_multiple");
        return (int) Math.min(Integer.MAX_VALUE, (words + multiple - 1L) / multiple * multiple);
    }

    private int width(String name) {
        int size = fields.size(name);
        problems.check(size <= WIDEST, fields.key(name) + " is " + size + ", expected at most " + WIDEST);
        return Math.min(size, WIDEST);
    }

    private int headSize(int hidden, int heads) {
        String field = family.reads("attention_head_size") ? "attention_head_size" : "head_dim";
        OptionalInt given = fields.optionalSize(field);
        boolean divides = hidden % heads == 0;
        boolean ownWidth = family.reads("head_dim") && family.fallback("head_dim") != null;
        problems.check(
                given.isPresent() && ownWidth || divides,
                fields.key("num_attention_heads") + " is " + heads + ", expected a divisor of "
                        + fields.key("hidden_size") + " " + hidden);
        int size = given.orElse(Math.max(1, hidden / heads));
        problems.check(
                ownWidth || !divides || size == hidden / heads,
                fields.key(field) + " is " + size + ", expected " + hidden / heads + ", " + fields.key("hidden_size")
                        + " over " + fields.key("num_attention_heads"));
        boolean fits = size <= LARGEST_HEAD && (long) size * heads <= WIDEST;
        problems.check(
                fits,
                fields.key("num_attention_heads") + " heads of " + size + " are " + (long) size * heads
                        + " wide, expected at most " + WIDEST + ", and each of them at most " + LARGEST_HEAD);
        return fits ? size : 1;
    }

    private int relativeRows(int positions) {
        return switch (family.relative()) {
            case NONE, DISTANCES -> 0;
            case MPNET_BIAS -> {
                int rows = fields.length("relative_attention_num_buckets", 1);
                problems.check(
                        rows >= Buckets.MPNET_BUCKETS,
                        "relative_attention_num_buckets is " + rows + ", expected " + Buckets.MPNET_BUCKETS
                                + " or more: MPNet's function of distances always gives up to "
                                + (Buckets.MPNET_BUCKETS - 1));
                yield rows;
            }
            case T5_BIAS -> fields.length("relative_attention_num_buckets", 4);
            case DISENTANGLED -> fields.flag("relative_attention") ? 2 * farthest(positions) : 0;
            case DISENTANGLED_BUCKETS ->
                fields.flag("relative_attention") ? 2 * (buckets() > 0 ? buckets() : farthest(positions)) : 0;
        };
    }

    /** The number beyond which DeBERTa tells no distances apart. */
    private int farthest(int positions) {
        int given = fields.integer("max_relative_positions");
        problems.check(
                given <= EncoderFields.LONGEST,
                "max_relative_positions is " + given + ", expected at most " + EncoderFields.LONGEST);
        return given < 1 ? positions : Math.min(given, EncoderFields.LONGEST);
    }

    private int buckets() {
        int buckets = fields.integer("position_buckets");
        problems.check(
                buckets != 1 && buckets <= EncoderFields.LONGEST,
                "position_buckets is " + buckets + ", expected 2 to " + EncoderFields.LONGEST + ", or less than 1 for"
                        + " none");
        return Math.min(buckets == 1 ? 2 : buckets, EncoderFields.LONGEST);
    }

    private RelativeTerms relative(Sizes sizes) {
        int positions = sizes.positions();
        switch (family.relative()) {
            case T5_BIAS -> {
                int buckets = Math.max(4, sizes.relativeRows());
                int far = fields.length("relative_attention_max_distance", 2);
                problems.check(
                        far > buckets / 4,
                        "relative_attention_max_distance is " + far + ", expected more than a quarter of "
                                + "relative_attention_num_buckets " + buckets);
                return bias(Buckets.t5(buckets, Math.max(far, buckets / 4 + 1)));
            }
            case MPNET_BIAS -> {
                return bias(Buckets.mpnet());
            }
            case DISTANCES -> {
                String kind =
                        fields.choice("position_embedding_type", List.of("absolute", RELATIVE_KEY, RELATIVE_KEY_QUERY));
                return kind.equals("absolute")
                        ? RelativeTerms.NONE
                        : products(
                                Buckets.distances(positions, positions - 1, 2 * positions - 2),
                                true,
                                kind.equals(RELATIVE_KEY_QUERY),
                                false);
            }
            case DISENTANGLED, DISENTANGLED_BUCKETS -> {
                return disentangled(positions);
            }
            default -> {
                return RelativeTerms.NONE;
            }
        }
    }

    private RelativeTerms disentangled(int positions) {
        List<String> kinds = positionKinds();
        // Python divides by their number even where it adds none.
        terms += kinds.size();
        if (!fields.flag("relative_attention")) {
            return RelativeTerms.NONE;
        }
        boolean bucketed = family.relative() == Relative.DISENTANGLED_BUCKETS;
        int buckets = bucketed ? buckets() : 0;
        int farthest = farthest(positions);
        boolean fits = buckets <= 0 || farthest > buckets / 2 + 1;
        problems.check(
                fits,
                "position_buckets is " + buckets + " for " + farthest
                        + " relative positions (max_relative_positions), expected at most "
                        + 2 * Math.max(1, farthest - 2) + ", so that the far ones are wider than the near ones");
        boolean shares = bucketed && fields.flag("share_att_key");
        Buckets rows = Buckets.deberta(fits ? buckets : 0, farthest, Math.max(farthest, positions));
        return products(rows, kinds.contains("c2p"), kinds.contains("p2c"), shares);
    }

    /** A list, or one text with bars between. */
    private List<String> positionKinds() {
        Object value = fields.value("pos_att_type");
        List<?> kinds = value instanceof String text
                ? Arrays.stream(text.toLowerCase(Locale.ROOT).split("\\|"))
                        .map(String::strip)
                        .filter(kind -> !kind.isEmpty() && !kind.equals("none"))
                        .toList()
                : value instanceof List<?> list ? list : List.of();
        boolean known = kinds.stream().allMatch(kind -> "c2p".equals(kind) || "p2c".equals(kind));
        problems.check(
                known && (value == null || value instanceof String || value instanceof List<?>),
                "pos_att_type is " + EncoderFields.quoted(value)
                        + ", expected none of others than \"c2p\" and \"p2c\"");
        return known ? kinds.stream().map(String.class::cast).toList() : List.of();
    }

    private static RelativeTerms bias(Buckets buckets) {
        return new RelativeTerms(Optional.of(buckets), Optional.empty(), false, false, false);
    }

    private static RelativeTerms products(Buckets buckets, boolean ofQueries, boolean ofKeys, boolean shares) {
        return new RelativeTerms(Optional.empty(), Optional.of(buckets), ofQueries, ofKeys, shares);
    }

    private Map<String, EncoderActivation> functions() {
        Map<String, EncoderActivation> functions = new LinkedHashMap<>();
        functions.put(EncoderShape.ACTIVATION, activation());
        Stream.of("pooler_hidden_act", "classifier_activation", "conv_act")
                .filter(family::reads)
                .forEach(name -> functions.put(name, fields.activation(name)));
        return Collections.unmodifiableMap(functions);
    }

    private EncoderActivation activation() {
        if (family.reads("feed_forward_proj")) {
            String name = feedForward();
            // A file has what Python made of the name, and Python takes that.
            if (fields.value("dense_act_fn") != null) {
                return fields.activation("dense_act_fn");
            }
            // As T5's config says of its own name.
            return name.equals("gated-gelu")
                    ? EncoderActivation.GELU_NEW
                    : fields.activation("feed_forward_proj", name.replaceFirst("^gated-", ""));
        }
        // Nomic's files name the gate and not its function.
        Object name = fields.value(EncoderShape.ACTIVATION);
        boolean gate = family.parts().contains(GATE) && "swiglu".equals(name);
        return gate ? EncoderActivation.SILU : fields.activation(EncoderShape.ACTIVATION);
    }

    private String feedForward() {
        Object value = fields.value("feed_forward_proj");
        boolean known = value instanceof String text
                && EncoderActivation.named(text.replaceFirst("^gated-", "")).isPresent();
        problems.check(
                known,
                "feed_forward_proj is " + EncoderFields.quoted(value)
                        + ", expected the name of an activation, or \"gated-\" and one");
        return known ? (String) value : "relu";
    }

    private Set<EncoderPart> parts(Sizes sizes, RelativeTerms relative) {
        Set<EncoderPart> parts = EnumSet.copyOf(family.parts());
        keep(parts, sizes.types() > 0, TYPES);
        keep(parts, sizes.relativeRows() > 0, RELATIVE_TABLE);
        boolean distances =
                family.relative() == Relative.DISTANCES && relative.products().isPresent();
        keep(parts, distances, DISTANCES);
        keep(parts, !distances, POSITIONS);
        keep(parts, family.isAlwaysProjected() || sizes.embedding() != sizes.hidden(), EMBEDDING_PROJECTION);
        keep(parts, sizes.window() > 0, CONVOLUTION, CONVOLUTION_NORM);
        boolean own = family.parts().contains(POSITION_KEY) && !relative.sharesProjections();
        keep(parts, own && relative.ofQueries(), POSITION_KEY);
        keep(parts, own && relative.ofKeys(), POSITION_QUERY);
        keep(parts, normsRelativeTable(), RELATIVE_NORM);
        if (family.reads("position_biased_input")) {
            keep(parts, fields.flag("position_biased_input"), POSITIONS);
        }
        if (family.reads("pack_qkv")) {
            boolean packed = fields.flag("pack_qkv");
            keep(parts, packed, QUERY_KEY_VALUE);
            keep(parts, !packed, QUERY, KEY, VALUE);
        }
        if (family.reads("feed_forward_proj")) {
            keep(parts, feedForwardIsGated(), GATE);
        }
        boolean mixes = family.reads("talking_head") && fields.flag("talking_head");
        keep(parts, mixes, SCORE_MIXTURE, SHARE_MIXTURE);
        return parts;
    }

    private boolean feedForwardIsGated() {
        if (fields.value("is_gated_act") != null) {
            return fields.flag("is_gated_act");
        }
        return fields.value("feed_forward_proj") instanceof String text && text.startsWith("gated-");
    }

    private boolean normsRelativeTable() {
        if (!family.reads("norm_rel_ebd")) {
            return false;
        }
        Object value = fields.value("norm_rel_ebd");
        List<String> kinds = value instanceof String text
                ? Arrays.stream(text.toLowerCase(Locale.ROOT).split("\\|"))
                        .map(String::strip)
                        .toList()
                : List.of("");
        problems.check(
                List.of("none", LAYER_NORM).containsAll(kinds),
                "norm_rel_ebd is " + EncoderFields.quoted(value) + ", expected \"none\" or \"layer_norm\"");
        return kinds.contains(LAYER_NORM);
    }

    private static void keep(Set<EncoderPart> parts, boolean condition, EncoderPart... which) {
        if (!condition) {
            Arrays.asList(which).forEach(parts::remove);
        }
    }

    private OptionalInt padding(int positions) {
        if (!family.countsFromPadding()) {
            return OptionalInt.empty();
        }
        int padding = fields.size("pad_token_id", 0);
        boolean fits = padding < positions - 1;
        problems.check(
                fits,
                "positions start at row " + (padding + 1L) + ", expected below maxPositions = " + positions
                        + ": " + fields.key("pad_token_id") + " and " + fields.key("max_position_embeddings")
                        + " are not of one model");
        return OptionalInt.of(fits ? padding : 0);
    }

    private List<EncoderBlock> blocks(int headSize, List<EncoderRotation> rotations) {
        int layers = fields.size("num_hidden_layers");
        boolean shared = family.reads("num_hidden_groups");
        int most = shared ? Math.max(tensors, MOST_SHARED_LAYERS) : tensors;
        if (layers > most) {
            // A number of layers that a hostile file made up would fill the memory.
            problems.add(
                    fields.key("num_hidden_layers") + " is " + layers + ", but there are only " + tensors + " tensors");
            layers = 1;
        }
        if (shared) {
            return sharedBlocks(layers);
        }
        List<Boolean> local = local(layers);
        OptionalInt[] which = rotations(headSize, rotations);
        int window = family.reads("local_attention") ? fields.size("local_attention", 0) / 2 : 0;
        List<EncoderBlock> blocks = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            boolean near = local.get(i);
            blocks.add(new EncoderBlock(
                    family.layers() + i + ".",
                    near ? OptionalInt.of(window) : OptionalInt.empty(),
                    which[near ? 1 : 0],
                    !(family.isWithoutFirstNorm() && i == 0)));
        }
        return blocks;
    }

    private List<EncoderBlock> sharedBlocks(int layers) {
        int groups = fields.size("num_hidden_groups");
        int inner = fields.size("inner_group_num");
        problems.check(
                groups <= layers,
                "num_hidden_groups is " + groups + ", expected at most the " + layers + " of num_hidden_layers");
        problems.check(
                inner <= Math.max(1, tensors),
                "inner_group_num is " + inner + ", but there are only " + tensors + " tensors");
        int uses = Math.min(inner, Math.max(1, tensors));
        List<EncoderBlock> blocks = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            // As in Python: layers / groups is no whole number where it does not divide.
            int group = (int) (i / ((double) layers / Math.min(groups, layers)));
            for (int j = 0; j < uses; j++) {
                blocks.add(new EncoderBlock(
                        "encoder.albert_layer_groups." + group + ".albert_layers." + j + ".",
                        OptionalInt.empty(),
                        OptionalInt.empty(),
                        true));
            }
        }
        return blocks;
    }

    /** Which layers see a window only. */
    private List<Boolean> local(int layers) {
        Object types = fields.value("layer_types");
        if (types instanceof List<?> list) {
            boolean fits = list.size() == layers
                    && list.stream()
                            .allMatch(type -> "full_attention".equals(type) || "sliding_attention".equals(type));
            problems.check(
                    fits,
                    "layer_types is " + EncoderFields.quoted(types)
                            + ", expected \"full_attention\" or \"sliding_attention\" for each of the " + layers
                            + " of num_hidden_layers");
            problems.check(
                    !fits || family.reads("local_attention") || !list.contains("sliding_attention"),
                    "layer_types is " + EncoderFields.quoted(types) + ", expected \"full_attention\" alone: sliding"
                            + " windows would change the numbers and are not supported");
            return fits ? list.stream().map("sliding_attention"::equals).toList() : Collections.nCopies(layers, false);
        }
        problems.check(
                types == null,
                "layer_types is " + EncoderFields.quoted(types) + ", expected a list with an entry for each layer");
        OptionalInt every = fields.optionalSize("global_attn_every_n_layers");
        return IntStream.range(0, layers)
                .mapToObj(i -> every.isPresent() && i % every.getAsInt() != 0)
                .toList();
    }

    /** Indices of the rotation of layers that see everything and of those with a window. */
    private OptionalInt[] rotations(int headSize, List<EncoderRotation> rotations) {
        if (!family.isRotated()) {
            return new OptionalInt[] {OptionalInt.empty(), OptionalInt.empty()};
        }
        problems.check(
                headSize % 2 == 0, "heads are " + headSize + " wide, expected an even number, as they are rotated");
        int size = Math.max(2, headSize / 2 * 2);
        Map<?, ?> given = fields.map("rope_parameters");
        boolean apart = family.reads("global_rope_theta");
        Map<?, ?> full = given.get("full_attention") instanceof Map<?, ?> own ? own : given;
        double theta = EncoderFields.positive("rope_theta", full.get("rope_theta"), problems)
                .orElseGet(() -> fields.theta(apart ? "global_rope_theta" : "rope_theta"));
        // Of both, Python takes the older one.
        Map<?, ?> older = fields.map("rope_scaling");
        EncoderRotation wide = EncoderRotation.scaled(older.isEmpty() ? full : older, theta, size, problems);
        problems.check(
                !apart || older.isEmpty() || wide.equals(EncoderRotation.of(theta, size)),
                "rope_scaling is " + EncoderFields.quoted(older)
                        + ", expected none: it would change the numbers and is not supported");
        rotations.add(wide);
        if (!apart) {
            return new OptionalInt[] {OptionalInt.of(0), OptionalInt.of(0)};
        }
        EncoderRotation near = wide;
        if (given.get("sliding_attention") instanceof Map<?, ?> own) {
            near = EncoderRotation.scaled(
                    own,
                    EncoderFields.positive("rope_theta", own.get("rope_theta"), problems)
                            .orElse(theta),
                    size,
                    problems);
        } else if (fields.nullable("local_rope_theta") != null) {
            near = EncoderRotation.of(fields.theta("local_rope_theta"), size);
        }
        if (near.equals(wide)) {
            return new OptionalInt[] {OptionalInt.of(0), OptionalInt.of(0)};
        }
        rotations.add(near);
        return new OptionalInt[] {OptionalInt.of(0), OptionalInt.of(1)};
    }

    /** The one entry of the list of Python classes. */
    private Optional<String> architecture() {
        Object value = fields.raw("architectures");
        if (value == null) {
            return Optional.empty();
        }
        if (value instanceof List<?> list && list.stream().allMatch(String.class::isInstance)) {
            return list.size() == 1 ? Optional.of((String) list.get(0)) : Optional.empty();
        }
        problems.add("architectures is " + EncoderFields.quoted(value) + ", expected a list of strings");
        return Optional.empty();
    }

    private void checkLabels() {
        if (fields.raw("id2label") instanceof Map<?, ?> map) {
            problems.check(
                    IntStream.range(0, map.size()).allMatch(i -> map.get(Integer.toString(i)) instanceof String),
                    "id2label is " + EncoderFields.quoted(map) + ", expected a name for each number from 0 to "
                            + (map.size() - 1));
        }
    }

    private int classes() {
        if (fields.raw("id2label") instanceof Map<?, ?> map && !map.isEmpty()) {
            return map.size();
        }
        Object value = fields.raw("num_labels");
        if (value == null) {
            return 2;
        }
        if (value instanceof Integer number && number >= 1) {
            return number;
        }
        problems.add("num_labels is " + EncoderFields.quoted(value) + ", expected an integer, 1 or more");
        return 2;
    }
}
