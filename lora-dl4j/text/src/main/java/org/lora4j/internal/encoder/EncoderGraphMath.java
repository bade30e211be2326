/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.encoder;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv1DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode;
import org.nd4j.linalg.factory.Nd4j;

/**
 * An encoder as a SameDiff graph over its weights, whose arrays are shared. Hidden states are kept flat, {@code [batch * length,
 * hidden]}: a product of rank 3 with rank 2 does not exist in SameDiff, and a flat product is one call of the matrix library.
 *
 * <p>Every variable is named, with a dot or a slash or as one of the placeholders and outputs: a name equal to the automatic
 * name of another op would break the saved graph. Only weights have a dot and no slash.
 *
 * <p>Scores are {@code q k' + terms + mask}. What is the same for all layers is added to the mask, once for the graph.
 *
 * @apiNote Status: internal
 */
public final class EncoderGraphMath implements EncoderMath<SDVariable> {

    /** Placeholder of the token ids. */
    public static final String INPUT_IDS = "input_ids";
    /** Placeholder of the mask. */
    public static final String ATTENTION_MASK = "attention_mask";
    /** Placeholder of the token types, if there are any. */
    public static final String TOKEN_TYPE_IDS = "token_type_ids";

    /** Softmax turns it into an exact 0 in FLOAT and in DOUBLE, without the NaN that an infinity makes. */
    private static final double MASKED_SCORE = -1e9;

    /** ND4J's layer_norm adds no epsilon at all; below this bound that is the same for every real hidden state. */
    private static final double LARGEST_EPSILON_LEFT_OUT = 1e-9;

    private static final int FLAT_FEATURES = 1;

    private final SameDiff sd;
    private final EncoderShape shape;
    private final Function<String, INDArray> weights;
    private final DataType type;
    private final String prefix;
    private final boolean tokenTypes;
    private final SDVariable ids;
    private final SDVariable mask;
    private final SDVariable size;
    private final SDVariable splitShape;
    private final SDVariable scoreMask;
    private final Map<String, Integer> uses = new HashMap<>();
    private final Map<String, SDVariable> once = new HashMap<>();

    private EncoderGraphMath(
            SameDiff sd,
            EncoderShape shape,
            Function<String, INDArray> weights,
            DataType type,
            String prefix,
            boolean tokenTypes,
            SDVariable given) {
        this.sd = sd;
        this.shape = shape;
        this.weights = weights;
        this.type = type;
        this.prefix = prefix;
        this.tokenTypes = tokenTypes;
        boolean ofTokens = given == null;
        ids = ofTokens ? sd.placeHolder(INPUT_IDS, DataType.INT32, -1, -1) : null;
        mask = ofTokens ? sd.placeHolder(ATTENTION_MASK, type, -1, -1) : null;
        size = ofTokens ? sd.shape("input_ids/shape", ids) : given;
        once.put("hidden/shape", shapeOf("hidden/shape", size, shape.sizes().hidden()));
        splitShape = shapeOf(
                "attention/split_shape",
                size,
                shape.sizes().heads(),
                shape.sizes().headSize());
        // [batch, length] to [batch, 1, 1, length]: 0 where the mask keeps, the masked score elsewhere.
        scoreMask = !ofTokens
                ? null
                : sd.expandDims(
                        "attention/mask_scores",
                        sd.expandDims(
                                "attention/mask_per_key",
                                mask.sub("attention/mask_shifted", 1.0).mul("attention/mask_scaled", -MASKED_SCORE),
                                1),
                        1);
    }

    /**
     * Begins the graph of an encoder of tokens, with its placeholders.
     *
     * @param weights the array of a parameter, by its name without a prefix
     * @param prefix what goes before the path of every module, empty or with a dot at its end
     * @param tokenTypes whether token types are a placeholder; else every token has type 0
     */
    public static EncoderGraphMath ofTokens(
            SameDiff sd,
            EncoderShape shape,
            Function<String, INDArray> weights,
            DataType type,
            String prefix,
            boolean tokenTypes) {
        return new EncoderGraphMath(sd, shape, weights, type, prefix, tokenTypes && shape.has(EncoderPart.TYPES), null);
    }

    /**
     * Begins the layers over embeddings that the graph has already, none of which is masked.
     *
     * @param size the variable with batch and length, {@code [2]}, INT64
     */
    public static EncoderGraphMath ofEmbeddings(
            SameDiff sd,
            EncoderShape shape,
            Function<String, INDArray> weights,
            DataType type,
            String prefix,
            SDVariable size) {
        return new EncoderGraphMath(sd, shape, weights, type, prefix, false, size);
    }

    /** Rows as one row for each sequence, {@code [batch, length, hidden]}. */
    public SDVariable perSequence(String name, SDVariable rows) {
        return sd.reshape(name, rows, once.get("hidden/shape"));
    }

    @Override
    public SDVariable embeddings() {
        SDVariable types = !shape.has(EncoderPart.TYPES)
                ? null
                : tokenTypes
                        ? sd.placeHolder(TOKEN_TYPE_IDS, DataType.INT32, -1, -1)
                        : sd.constant("token_type_ids/default", Nd4j.createFromArray(0));
        SDVariable positionRows =
                shape.has(EncoderPart.POSITIONS) ? embedding(EncoderPart.POSITIONS, positions()) : null;
        SDVariable typeRows = types == null ? null : embedding(EncoderPart.TYPES, types);
        SDVariable wordRows = embedding(EncoderPart.WORDS, ids);
        // The two small tables first: without token types they make one [length, hidden] for the whole batch.
        SDVariable small = typeRows == null || positionRows == null
                ? typeRows == null ? positionRows : typeRows
                : typeRows.add("embeddings/position_and_type", positionRows);
        SDVariable sum = small == null ? wordRows : wordRows.add("embeddings/sum", small);
        return sd.reshape("embeddings/flat", sum, -1, shape.sizes().embedding());
    }

    private SDVariable positions() {
        OptionalInt padding = shape.paddingId();
        if (padding.isEmpty()) {
            return range("position_ids");
        }
        // cumsum of M2.1 refuses integers; a float counts exactly as far as any position table goes.
        SDVariable token = ids.neq("position_ids/is_token", padding.getAsInt()).castTo("position_ids/token", type);
        SDVariable count = sd.cumsum("position_ids/count", token, false, false, 1);
        return count.mul("position_ids/count_of_tokens", token)
                .add("position_ids/shifted", padding.getAsInt())
                .castTo("position_ids", DataType.INT32);
    }

    private SDVariable range(String name) {
        return sd.range(
                name,
                sd.constant("position_ids/first", Nd4j.scalar(0L)),
                length(),
                sd.constant("position_ids/step", Nd4j.scalar(1L)),
                DataType.INT64);
    }

    private SDVariable length() {
        return once(
                "input_ids/length",
                name -> ids == null
                        ? sd.reshape(name, sd.gather(name + "_as_vector", size, new int[] {1}, 0), new long[0])
                        : sd.sizeAt(name, ids, 1));
    }

    private SDVariable embedding(EncoderPart table, SDVariable rows) {
        String module = prefix + shape.module(table);
        return sd.gather(module + "/output", parameter(module + ".weight"), rows, 0);
    }

    @Override
    public SDVariable linear(EncoderPart part, String path, SDVariable x) {
        return linear(prefix + path, x, shape.biased().contains(part));
    }

    private SDVariable linear(String module, SDVariable x, boolean biased) {
        SDVariable weight = parameter(module + ".weight");
        return biased
                ? x.mmul(name(module + "/product"), weight).add(name(module + "/output"), parameter(module + ".bias"))
                : x.mmul(name(module + "/output"), weight);
    }

    @Override
    public SDVariable shifted(String path, SDVariable x) {
        return x.add(name(prefix + path + "/added"), parameter(prefix + path));
    }

    @Override
    public SDVariable gained(String path, SDVariable x) {
        return x.mul(name(prefix + path + "/scaled"), parameter(prefix + path));
    }

    @Override
    public SDVariable norm(EncoderPart part, String path, SDVariable x, int groups) {
        String module = prefix + path;
        SDVariable gain = parameter(module + ".weight");
        long width = weights.apply(path + ".weight").length();
        SDVariable rows = groups == 1 ? x : sd.reshape(name(module + "/groups"), x, -1, width);
        SDVariable normalized = shape.rms().contains(part)
                ? unit(module, rows).mul(name(module + "/output"), gain)
                : layerNorm(
                        module,
                        rows,
                        gain,
                        shape.biased().contains(part) ? Optional.of(parameter(module + ".bias")) : Optional.empty());
        return groups == 1 ? normalized : sd.reshape(name(module + "/joined"), normalized, -1, groups * width);
    }

    /** Rows over the root of the mean of their squares. */
    private SDVariable unit(String module, SDVariable rows) {
        SDVariable squares = sd.math().square(name(module + "/squares"), rows);
        SDVariable shifted = squares.mean(name(module + "/mean_square"), true, FLAT_FEATURES)
                .add(name(module + "/above_zero"), shape.epsilon());
        return rows.div(name(module + "/normalized"), sd.math().sqrt(name(module + "/size"), shifted));
    }

    private SDVariable layerNorm(String module, SDVariable x, SDVariable gain, Optional<SDVariable> bias) {
        if (shape.epsilon() <= LARGEST_EPSILON_LEFT_OUT && bias.isPresent()) {
            return sd.nn().layerNorm(name(module + "/output"), x, gain, bias.get(), false, FLAT_FEATURES);
        }
        SDVariable centered = x.sub(name(module + "/centered"), x.mean(name(module + "/mean"), true, FLAT_FEATURES));
        SDVariable variance = sd.math()
                .square(name(module + "/square"), centered)
                .mean(name(module + "/variance"), true, FLAT_FEATURES);
        SDVariable deviation = sd.math()
                .sqrt(name(module + "/deviation"), variance.add(name(module + "/variance_shifted"), shape.epsilon()));
        SDVariable normalized = centered.div(name(module + "/normalized"), deviation);
        return bias.isEmpty()
                ? normalized.mul(name(module + "/output"), gain)
                : normalized.mul(name(module + "/scaled"), gain).add(name(module + "/output"), bias.get());
    }

    @Override
    public SDVariable masked(String path, SDVariable x) {
        if (mask == null) {
            return x;
        }
        SDVariable column = once("attention_mask/column", name -> sd.reshape(name, mask, -1, 1));
        return x.mul(name(prefix + path), column);
    }

    @Override
    public SDVariable convolution(String path, SDVariable x) {
        String module = prefix + path;
        Conv1DConfig same = Conv1DConfig.builder()
                .k(shape.sizes().window())
                .s(1)
                .d(1)
                .p(0)
                .paddingMode(PaddingMode.SAME)
                .dataFormat(Conv1DConfig.NWC)
                .build();
        int groups = shape.sizes().groups();
        if (groups > 1) {
            // By this name adapters learn of the groups, which the op does not know.
            sd.constant(module + ".groups", Nd4j.scalar(groups));
        }
        SDVariable seen = sd.cnn()
                .conv1d(
                        name(module + "/output"),
                        perSequence(name(module + "/input"), x),
                        parameter(module + ".weight"),
                        parameter(module + ".bias"),
                        same);
        return sd.reshape(name(module + "/flat"), seen, -1, shape.sizes().hidden());
    }

    @Override
    public SDVariable relativeRows(String path, boolean ofQueries) {
        String module = prefix + path;
        SDVariable rows = once(ofQueries ? "relative/rows_of_queries" : "relative/rows_of_keys", name -> {
            // An entry m of a query's products is for the key at its own place + m - (length - 1).
            SDVariable shifted = distances().sub(name + "_shifted", last());
            SDVariable relative = ofQueries ? shifted.neg(name + "_relative") : shifted;
            return bucketed(name, relative, shape.relative().products().orElseThrow());
        });
        return sd.gather(name(module + "/rows"), parameter(module + ".weight"), rows, 0);
    }

    /** From 0 to below twice the length: an entry for each relative position, and one that nobody reads. */
    private SDVariable distances() {
        return once(
                "relative/distances",
                name -> sd.range(
                                name + "_whole",
                                sd.constant("relative/first", Nd4j.scalar(0L)),
                                length().mul(name + "_end", 2),
                                sd.constant("relative/step", Nd4j.scalar(1L)),
                                DataType.INT64)
                        .castTo(name, type));
    }

    private SDVariable last() {
        return once(
                "relative/last", name -> length().castTo(name + "_length", type).sub(name, 1));
    }

    /** Rows of a table for relative positions, which are whole numbers of the weights' type. */
    private SDVariable bucketed(String name, SDVariable relative, Buckets buckets) {
        SDVariable far = sd.constant(name + "_far", Nd4j.scalar(type, buckets.far()));
        SDVariable near = sd.constant(name + "_near", Nd4j.scalar(type, -buckets.far()));
        SDVariable clipped = sd.math().max(name + "_clipped", sd.math().min(name + "_at_most", relative, far), near);
        SDVariable index = clipped.add(name + "_index_of_type", buckets.far()).castTo(name + "_index", DataType.INT32);
        return sd.gather(name, sd.constant(name + "_buckets", Nd4j.createFromArray(buckets.rows())), index, 0);
    }

    @Override
    public SDVariable attention(
            EncoderBlock block,
            String path,
            SDVariable query,
            SDVariable key,
            SDVariable value,
            List<Term<SDVariable>> terms) {
        String name = prefix + path;
        SDVariable queries = queries(block, name, query);
        SDVariable keys = turned(
                block, name + "/key", split(name + "/key", key, shape.sizes().keyHeads()));
        SDVariable values = split(name + "/value", value, shape.sizes().keyHeads());
        SDVariable scores = ungrouped(
                name + "/scores",
                sd.mmul(name(name + "/scores"), grouped(name + "/query", queries), keys, false, true, false));
        Optional<SDVariable> mask = addedToScores(block);
        // All that is added is one variable, by which attention is computed in one pass.
        Optional<SDVariable> added = Optional.empty();
        for (Term<SDVariable> term : terms) {
            String which = name + (term.ofQueries() ? "/of_queries" : "/of_keys");
            SDVariable own = term(which, term, term.ofQueries() ? queries : keys);
            added = Optional.of(added.isEmpty() ? own : added.get().add(name(which + "_added"), own));
        }
        if (shape.has(EncoderPart.SCORE_MIXTURE)) {
            SDVariable all = added.isEmpty() ? scores : scores.add(name(name + "/scores_of_places"), added.get());
            scores = mixed(EncoderPart.SCORE_MIXTURE, block, all);
            added = Optional.empty();
        }
        if (mask.isPresent()) {
            added = Optional.of(
                    added.isEmpty() ? mask.get() : added.get().add(name(name + "/added_masked"), mask.get()));
        }
        if (added.isPresent()) {
            scores = scores.add(name(name + "/scores_masked"), added.get());
        }
        SDVariable shares = sd.nn().softmax(name(name + "/shares"), scores, -1);
        if (shape.has(EncoderPart.SHARE_MIXTURE)) {
            shares = mixed(EncoderPart.SHARE_MIXTURE, block, shares);
        }
        SDVariable perHead = ungrouped(
                name + "/context",
                sd.mmul(name(name + "/context_per_head"), grouped(name + "/shares", shares), values));
        SDVariable context = sd.permute(name(name + "/context"), perHead, 0, 2, 1, 3);
        return sd.reshape(name(name + "/output"), context, -1, shape.sizes().queryWidth());
    }

    private SDVariable queries(EncoderBlock block, String name, SDVariable query) {
        int heads = shape.sizes().heads();
        if (block.rotation().isPresent()) {
            return scaled(name, turned(block, name + "/query", split(name + "/query", query, heads)));
        }
        // Scaling the queries, not the scores, is the smaller product unless a text is shorter than a head is wide.
        return split(name + "/query", scaled(name, query), heads);
    }

    private SDVariable scaled(String name, SDVariable x) {
        return shape.scoreScale() == 1 ? x : x.mul(name(name + "/query_scaled"), shape.scoreScale());
    }

    /** {@code [batch * length, heads * headSize]} to {@code [batch, heads, length, headSize]}. */
    private SDVariable split(String name, SDVariable x, int heads) {
        SDVariable split = heads == shape.sizes().heads()
                ? splitShape
                : once(
                        "attention/key_split_shape",
                        key -> shapeOf(key, size, heads, shape.sizes().headSize()));
        return sd.permute(name(name + "_heads"), sd.reshape(name(name + "_split"), x, split), 0, 2, 1, 3);
    }

    /** Queries that share a head of keys stand below each other, so that no key is copied for them. */
    private SDVariable grouped(String name, SDVariable x) {
        int share = shape.sizes().heads() / shape.sizes().keyHeads();
        if (share == 1) {
            return x;
        }
        SDVariable rows =
                once("attention/lengths_of_group", key -> lengthAsVector().mul(key, share));
        SDVariable last = name.endsWith("/shares")
                ? lengthAsVector()
                : vector("attention/head_size", shape.sizes().headSize());
        SDVariable whole = sd.concat(
                name(name + "/grouped_shape"),
                0,
                batch(),
                vector("attention/key_heads", shape.sizes().keyHeads()),
                rows,
                last);
        return sd.reshape(name(name + "/grouped"), x, whole);
    }

    private SDVariable ungrouped(String name, SDVariable x) {
        if (shape.sizes().heads() == shape.sizes().keyHeads()) {
            return x;
        }
        SDVariable last = name.endsWith("/scores")
                ? lengthAsVector()
                : vector("attention/head_size", shape.sizes().headSize());
        SDVariable whole = sd.concat(
                name(name + "/per_head_shape"),
                0,
                batch(),
                vector("attention/heads", shape.sizes().heads()),
                lengthAsVector(),
                last);
        return sd.reshape(name(name + "/per_head"), x, whole);
    }

    private SDVariable turned(EncoderBlock block, String name, SDVariable x) {
        if (block.rotation().isEmpty()) {
            return x;
        }
        int index = block.rotation().getAsInt();
        SDVariable cosines = angles(index, true);
        SDVariable sines = angles(index, false);
        SDVariable[] halves = sd.split(new String[] {name(name + "/first_half"), name(name + "/second_half")}, x, 2, 3);
        SDVariable first = halves[0]
                .mul(name(name + "/first_cosines"), cosines)
                .sub(name(name + "/first_turned"), halves[1].mul(name(name + "/second_sines"), sines));
        SDVariable second = halves[1]
                .mul(name(name + "/second_cosines"), cosines)
                .add(name(name + "/second_turned"), halves[0].mul(name(name + "/first_sines"), sines));
        return sd.concat(name(name + "/turned"), 3, first, second);
    }

    /** Cosines or sines of all positions, {@code [1, 1, length, headSize / 2]}. */
    private SDVariable angles(int rotation, boolean cosines) {
        String of = "rotary" + rotation;
        return once(of + (cosines ? "/cosines" : "/sines"), name -> {
            double[] frequencies = shape.rotations().get(rotation).frequencies().stream()
                    .mapToDouble(each -> each)
                    .toArray();
            SDVariable angles = once(
                    of + "/angles",
                    key -> positionColumn()
                            .mul(
                                    key,
                                    sd.constant(
                                            of + "/frequencies",
                                            Nd4j.createFromArray(frequencies)
                                                    .castTo(type)
                                                    .reshape(1, frequencies.length))));
            SDVariable values = cosines
                    ? sd.math().cos(name + "_of_positions", angles)
                    : sd.math().sin(name + "_of_positions", angles);
            return sd.reshape(name, values, 1, 1, -1, frequencies.length);
        });
    }

    private SDVariable vectors(String name, long... values) {
        return sd.constant(name, Nd4j.createFromArray(values));
    }

    /** {@code [length, 1]}, of the weights' type. */
    private SDVariable positionColumn() {
        return once("relative/position_column", name -> sd.reshape(name, positionsOfType(), -1, 1));
    }

    private SDVariable positionsOfType() {
        return once(
                "relative/positions",
                name -> sd.range(
                                name + "_whole",
                                sd.constant("relative/position_first", Nd4j.scalar(0L)),
                                length(),
                                sd.constant("relative/position_step", Nd4j.scalar(1L)),
                                DataType.INT64)
                        .castTo(name, type));
    }

    /** Place of the key minus that of the query, {@code [length, length]}. */
    private SDVariable keyMinusQuery() {
        return once(
                "relative/key_minus_query",
                name -> sd.reshape("relative/position_row", positionsOfType(), 1, -1)
                        .sub(name, positionColumn()));
    }

    /** What is added to scores: the mask of padding, of the window and of later tokens, and numbers for relative positions. */
    private Optional<SDVariable> addedToScores(EncoderBlock block) {
        String name =
                "attention/added" + (block.window().isPresent() ? block.window().getAsInt() : "");
        if (!once.containsKey(name)) {
            List<SDVariable> parts = new ArrayList<>();
            bias().ifPresent(parts::add);
            window(block, name).ifPresent(parts::add);
            if (scoreMask != null) {
                parts.add(scoreMask);
            }
            SDVariable sum = null;
            for (SDVariable part : parts) {
                sum = sum == null ? part : sum.add(name(name + "_sum"), part);
            }
            if (sum != null && scoreMask != null && hides(block)) {
                // Padding sees itself: ND4J's softmax of a row without anything to see is no number.
                sum = sum.mul(name + "_but_of_itself", others());
            }
            once.put(name, sum);
        }
        return Optional.ofNullable(once.get(name));
    }

    private Optional<SDVariable> window(EncoderBlock block, String name) {
        boolean causal = shape.family().isCausal();
        if (!hides(block)) {
            return Optional.empty();
        }
        SDVariable hidden = causal
                ? keyMinusQuery().gt(name + "_is_later", 0)
                : sd.math()
                        .abs(name + "_distance", keyMinusQuery())
                        .gt(name + "_is_far", block.window().getAsInt());
        SDVariable scores = hidden.castTo(name + "_hidden", type).mul(name + "_hidden_scores", MASKED_SCORE);
        return Optional.of(sd.reshape(
                name + "_window",
                scores,
                shapeOf(name + "_window_shape", vectors(name + "_window_start", 1, 1), size2())));
    }

    private boolean hides(EncoderBlock block) {
        return shape.family().isCausal() || block.window().isPresent();
    }

    /** 0 for a token and itself, 1 for others, {@code [1, 1, length, length]}. */
    private SDVariable others() {
        return once(
                "attention/others",
                name -> sd.reshape(
                        name,
                        keyMinusQuery().neq(name + "_are", 0).castTo(name + "_as_numbers", type),
                        shapeOf(name + "_shape", vectors(name + "_start", 1, 1), size2())));
    }

    private SDVariable size2() {
        return once("attention/length_twice", name -> sd.concat(name, 0, lengthAsVector(), lengthAsVector()));
    }

    private Optional<SDVariable> bias() {
        Optional<Buckets> buckets = shape.relative().bias();
        if (buckets.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(once("relative/bias", name -> {
            String module = prefix + shape.module(EncoderPart.RELATIVE_TABLE);
            // ND4J's gather of a vector by a matrix of indices ends the process.
            SDVariable pairs = sd.reshape(name + "_pairs", keyMinusQuery(), -1);
            SDVariable rows = sd.gather(
                    module + "/output",
                    parameter(module + ".weight"),
                    bucketed("relative/bucket", pairs, buckets.get()),
                    0);
            SDVariable perHead = sd.permute(name + "_per_head", rows, 1, 0);
            return sd.reshape(
                    name,
                    perHead,
                    shapeOf(
                            name + "_shape",
                            vectors(name + "_start", 1, shape.sizes().heads()),
                            size2()));
        }));
    }

    /**
     * Products of queries or keys with rows for relative positions, at the place of their key and query.
     *
     * @param x queries, scaled, or keys, {@code [batch, heads, length, headSize]}
     */
    private SDVariable term(String name, Term<SDVariable> term, SDVariable x) {
        SDVariable rows = term.ofQueries() ? term.rows() : term.rows().mul(name(name + "_scaled"), shape.scoreScale());
        // The same rows for each sequence, by an index of its own: so rows of a batch stay apart.
        SDVariable index = once("relative/index_of_sequences", key -> {
            SDVariable zeros = sd.sum(key + "_tokens", mask(), true, 1).mul(key + "_zeros", 0);
            return sd.reshape(key + "_row", distances(), 1, -1)
                    .add(key + "_of_type", zeros)
                    .castTo(key, DataType.INT32);
        });
        SDVariable ofSequences = sd.gather(name(name + "_rows"), rows, index, 0);
        int heads = shape.sizes().heads();
        int width = shape.sizes().headSize();
        SDVariable products;
        if (shape.has(EncoderPart.DISTANCES)) {
            SDVariable flat = sd.reshape(name(name + "_flat"), x, around(name + "_flat_shape", batch(), -1, width));
            products = sd.mmul(name(name + "_flat_products"), flat, ofSequences, false, true, false);
        } else {
            SDVariable perHead = sd.permute(
                    name(name + "_rows_heads"),
                    sd.reshape(
                            name(name + "_rows_split"),
                            ofSequences,
                            around(name + "_rows_shape", batch(), -1, heads, width)),
                    0,
                    2,
                    1,
                    3);
            products = sd.mmul(name(name + "_products"), x, perHead, false, true, false);
        }
        SDVariable placed = placed(name, products, heads);
        return term.ofQueries() ? placed : sd.permute(name(name + "_by_query"), placed, 0, 1, 3, 2);
    }

    private SDVariable mask() {
        if (mask == null) {
            throw new IllegalStateException("relative positions are of tokens, and these embeddings have none");
        }
        return mask;
    }

    /**
     * From an entry for each relative position, {@code [batch, heads, length, 2 length]}, to one for each place: entry {@code
     * [i, j]} is {@code [i, j - i + length - 1]}. In the flat row of a head that is {@code i (2 length - 1) + j + length - 1}.
     */
    private SDVariable placed(String name, SDVariable products, int heads) {
        SDVariable flat = sd.reshape(name(name + "_row"), products, around(name + "_row_shape", batch(), heads, -1));
        SDVariable begin = once(
                "relative/begin",
                key -> sd.concat(
                        key,
                        0,
                        vector("relative/begin_batch", 0),
                        vector("relative/begin_heads", 0),
                        lengthAsVector().sub(key + "_place", 1)));
        SDVariable extent = once("relative/extent", key -> {
            SDVariable twice = lengthAsVector().mul(key + "_twice", 2).sub(key + "_step", 1);
            return sd.concat(
                    key,
                    0,
                    batch(),
                    vector("attention/heads", heads),
                    lengthAsVector().mul(key + "_places", twice));
        });
        SDVariable kept = sd.slice(name(name + "_kept"), flat, begin, extent);
        SDVariable rows = sd.reshape(
                name(name + "_steps"),
                kept,
                once(
                        "relative/steps_shape",
                        key -> sd.concat(
                                key,
                                0,
                                batch(),
                                vector("attention/heads", heads),
                                lengthAsVector(),
                                vector("relative/rest", -1))));
        SDVariable square = once(
                "relative/square",
                key -> sd.concat(
                        key, 0, batch(), vector("attention/heads", heads), lengthAsVector(), lengthAsVector()));
        return sd.slice(name(name + "_placed"), rows, vector4("relative/origin"), square);
    }

    private SDVariable vector4(String key) {
        return once(key, name -> vectors(name, 0, 0, 0, 0));
    }

    /** Scores or shares of all heads, mixed by a matrix. */
    private SDVariable mixed(EncoderPart part, EncoderBlock block, SDVariable x) {
        String module = prefix + shape.module(part, block);
        int heads = shape.sizes().heads();
        SDVariable last = sd.permute(name(module + "/heads_last"), x, 0, 2, 3, 1);
        SDVariable rows = sd.reshape(name(module + "/rows"), last, -1, heads);
        SDVariable result = linear(module, rows, shape.biased().contains(part));
        SDVariable back = sd.reshape(
                name(module + "/per_pair"),
                result,
                once(
                        "attention/pairs_shape",
                        key -> sd.concat(
                                key,
                                0,
                                batch(),
                                lengthAsVector(),
                                lengthAsVector(),
                                vector("attention/heads", heads))));
        return sd.permute(name(module + "/heads_first"), back, 0, 3, 1, 2);
    }

    @Override
    public SDVariable activation(String path, EncoderActivation function, SDVariable x) {
        return function.apply(x, name(prefix + path));
    }

    @Override
    public SDVariable sum(String path, SDVariable x, SDVariable y) {
        return x.add(name(prefix + path), y);
    }

    @Override
    public SDVariable product(String path, SDVariable x, SDVariable y) {
        return x.mul(name(prefix + path), y);
    }

    @Override
    public List<SDVariable> split(String path, SDVariable x, int groups, int count) {
        String name = prefix + path;
        SDVariable grouped = x;
        long width = 0;
        if (groups > 1) {
            // Only the fused projection of attention is laid out so.
            width = shape.sizes().headSize();
            grouped = sd.reshape(name(name + "/groups"), x, -1, groups, count * width);
        }
        String[] names = new String[count];
        Arrays.setAll(names, i -> name(name + i));
        SDVariable[] parts = sd.split(names, grouped, count, groups > 1 ? 2 : 1);
        if (groups == 1) {
            return List.of(parts);
        }
        List<SDVariable> joined = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            joined.add(sd.reshape(name(name + "/joined" + i), parts[i], -1, groups * width));
        }
        return joined;
    }

    /** What a graph has once. */
    private SDVariable once(String name, Function<String, SDVariable> made) {
        SDVariable found = once.get(name);
        if (found == null) {
            found = made.apply(name);
            once.put(name, found);
        }
        return found;
    }

    private SDVariable batch() {
        return once("input_ids/batch", name -> sd.gather(name, size, new int[] {0}, 0));
    }

    private SDVariable lengthAsVector() {
        return once("input_ids/length_vector", name -> sd.gather(name, size, new int[] {1}, 0));
    }

    private SDVariable vector(String key, long value) {
        return once(key, name -> vectors(name, value));
    }

    private SDVariable around(String name, SDVariable start, long... tail) {
        return shapeOf(name(name), start, tail);
    }

    private SDVariable shapeOf(String name, SDVariable start, long... tail) {
        return sd.concat(name, 0, start, sd.constant(name + "_tail", Nd4j.createFromArray(tail)));
    }

    private SDVariable shapeOf(String name, SDVariable start, SDVariable tail) {
        return sd.concat(name, 0, start, tail);
    }

    /** A name that no variable has: layers that are shared, and modules that are used twice, have several results. */
    private String name(String wanted) {
        int use = uses.merge(wanted, 1, Integer::sum);
        return use == 1 ? wanted : wanted + "/use" + use;
    }

    private SDVariable parameter(String name) {
        return sd.hasVariable(name)
                ? sd.getVariable(name)
                : sd.constant(name, weights.apply(name.substring(prefix.length())));
    }
}
