/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.error.Problems;
import org.lora4j.internal.pretrained.PaddedLengths;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.TokenizedText;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Texts as rows of tokens, grouped by length, so that short ones do not pay for long ones, in parts of at most so many rows
 * and so many tokens, padding included. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class TokenRows {

    private static final int MOST_LENGTHS = 8;

    /** In tokens of padding: as long as so many take to be computed, a part takes whatever is in it. */
    private static final int COST_OF_A_PART = 128;

    private final List<TokenizedText> texts;
    private final int[] paddedLengths;
    private final List<List<Integer>> buckets = new ArrayList<>();
    private final int mostRows;
    private final int mostTokens;

    /**
     * Some texts of similar length.
     *
     * @param length what they are padded to
     * @param rows which texts, by their index
     */
    public record Part(int length, List<Integer> rows) {}

    /**
     * Groups texts.
     *
     * @param texts the texts, one or more
     * @param mostRows maximum number of rows of a part, 1 or more
     * @param mostTokens maximum number of tokens of a part; a single row may have more
     */
    public TokenRows(List<TokenizedText> texts, int mostRows, int mostTokens) {
        this.texts = texts;
        this.mostRows = mostRows;
        this.mostTokens = mostTokens;
        this.paddedLengths = PaddedLengths.choose(
                texts.stream().mapToInt(TokenizedText::length).toArray(), MOST_LENGTHS);
        for (int bucket = 0; bucket < paddedLengths.length; bucket++) {
            buckets.add(new ArrayList<>());
        }
        for (int i = 0; i < texts.size(); i++) {
            int at = Arrays.binarySearch(paddedLengths, texts.get(i).length());
            buckets.get(at < 0 ? -at - 1 : at).add(i);
        }
    }

    /** A text by its index. */
    public TokenizedText text(int index) {
        return texts.get(index);
    }

    /** All texts once, the shortest first. */
    public List<Part> parts() {
        return cut(buckets);
    }

    /**
     * All texts once, in an order that is drawn within each length.
     *
     * @param order numbers 0 to the number of texts - 1 in the order drawn
     * @return the parts, the shortest first; as many as of {@link #parts}
     */
    public List<Part> parts(int[] order) {
        int[] place = new int[order.length];
        for (int i = 0; i < order.length; i++) {
            place[order[i]] = i;
        }
        List<List<Integer>> drawn = new ArrayList<>();
        for (List<Integer> bucket : buckets) {
            List<Integer> rows = new ArrayList<>(bucket);
            rows.sort((a, b) -> Integer.compare(place[a], place[b]));
            drawn.add(rows);
        }
        return cut(drawn);
    }

    /** A part goes on with longer texts where that costs less than a part more. */
    private List<Part> cut(List<List<Integer>> rowsOfLengths) {
        List<Part> parts = new ArrayList<>();
        List<Integer> open = new ArrayList<>();
        for (int bucket = 0; bucket < paddedLengths.length; bucket++) {
            int length = paddedLengths[bucket];
            int most = Math.max(1, Math.min(mostRows, mostTokens / length));
            int padding = open.isEmpty() ? 0 : open.size() * (length - paddedLengths[bucket - 1]);
            if (open.size() >= most || padding > COST_OF_A_PART) {
                parts.add(new Part(paddedLengths[bucket - 1], open));
                open = new ArrayList<>();
            }
            for (int row : rowsOfLengths.get(bucket)) {
                open.add(row);
                if (open.size() == most) {
                    parts.add(new Part(length, open));
                    open = new ArrayList<>();
                }
            }
        }
        if (!open.isEmpty()) {
            parts.add(new Part(paddedLengths[paddedLengths.length - 1], open));
        }
        return parts;
    }

    /**
     * The arrays of a part for a BERT graph.
     *
     * @param part one of this object's parts
     * @param inputs which placeholders it has
     * @return new arrays by placeholder
     */
    public Map<String, INDArray> placeholders(Part part, RowInputs inputs) {
        int size = part.rows().size();
        int[][] ids = new int[size][part.length()];
        int[][] types = new int[size][part.length()];
        float[][] mask = new float[size][part.length()];
        for (int row = 0; row < size; row++) {
            TokenizedText text = texts.get(part.rows().get(row));
            System.arraycopy(text.ids(), 0, ids[row], 0, text.length());
            System.arraycopy(text.typeIds(), 0, types[row], 0, text.length());
            Arrays.fill(mask[row], 0, text.length(), 1);
        }
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        arrays.put(EncoderGraph.INPUT_IDS, Nd4j.createFromArray(ids));
        arrays.put(EncoderGraph.ATTENTION_MASK, Nd4j.createFromArray(mask).castTo(inputs.type()));
        if (inputs.tokenTypes()) {
            arrays.put(EncoderGraph.TOKEN_TYPE_IDS, Nd4j.createFromArray(types));
        }
        if (inputs.poolingMask()) {
            for (int row = 0; row < size; row++) {
                Arrays.fill(mask[row], 0, texts.get(part.rows().get(row)).prompt(), 0);
            }
            arrays.put(EncoderGraph.POOLING_MASK, Nd4j.createFromArray(mask).castTo(inputs.type()));
        }
        return arrays;
    }

    /**
     * Checks that an encoder takes these texts: ND4J reads beyond a table when an id is too large.
     *
     * @throws IllegalArgumentException if a text is too long or has an id outside the tables; the message lists every
     *     problem
     */
    public static void requireFit(String where, List<TokenizedText> texts, EncoderConfig config) {
        Problems problems = new Problems();
        for (int i = 0; i < texts.size(); i++) {
            TokenizedText text = texts.get(i);
            if (text.length() > config.longestSequence()) {
                problems.add("text " + i + " has " + text.length() + " tokens, expected at most "
                        + config.longestSequence() + "; give the encoder a smaller maxLength");
            }
            int highest = Arrays.stream(text.ids()).max().orElse(0);
            if (highest >= config.vocabulary()) {
                problems.add("text " + i + " has the token id " + highest + ", expected ids below "
                        + config.vocabulary() + "; use the tokenizer that belongs to the model");
            }
        }
        problems.throwIfAny(where);
    }
}
