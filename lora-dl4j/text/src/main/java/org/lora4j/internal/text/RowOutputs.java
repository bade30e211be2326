/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.text;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.train.Progress;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a graph computes of texts, one row of numbers for each. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class RowOutputs {

    private static final int MOST_ROWS = 64;
    private static final int MOST_TOKENS = 4096;

    private final ExecutorPool executors;
    private final String output;
    private final FitEncoder encoder;
    private final boolean perToken;

    /**
     * Takes a graph.
     *
     * @param output name of the variable wanted
     * @param encoder whose graph it is
     * @param perToken false if the variable is {@code [rows, n]}, true if it is {@code [rows, length, n]} or, flat, {@code
     *     [rows * length, n]}
     */
    public RowOutputs(ExecutorPool executors, String output, FitEncoder encoder, boolean perToken) {
        this.executors = executors;
        this.output = output;
        this.encoder = encoder;
        this.perToken = perToken;
    }

    /**
     * Computes the rows.
     *
     * @param texts the texts, which fit the encoder
     * @return for each text its values; where there is a vector for each token, those of its own tokens in a row, without
     *     padding
     */
    public float[][] of(List<TokenizedText> texts) {
        return of(texts, Progress.none().stage("", "texts", 0));
    }

    /**
     * Computes the rows, and says how far it is.
     *
     * @param texts as for {@link #of(List)}
     * @return as {@link #of(List)}
     */
    public float[][] of(List<TokenizedText> texts, Progress.Stage stage) {
        if (texts.isEmpty()) {
            return new float[0][];
        }
        TokenRows rows = new TokenRows(texts, MOST_ROWS, MOST_TOKENS);
        float[][] results = new float[texts.size()][];
        executors.with(executor -> {
            for (TokenRows.Part part : rows.parts()) {
                Map<String, INDArray> arrays = encoder.placeholders(rows, part, OptionalLong.empty());
                INDArray values = executor.output(arrays, List.of(output)).get(output);
                keep(values, part, texts, results);
                arrays.values().forEach(INDArray::close);
                values.close();
                stage.advance(part.rows().size());
            }
            return results;
        });
        return results;
    }

    private void keep(INDArray values, TokenRows.Part part, List<TokenizedText> texts, float[][] results) {
        int size = part.rows().size();
        int stride = Math.toIntExact(values.length() / size);
        // A reshape of what is in another order copies it.
        float[] all = values.ravel().toFloatVector();
        for (int row = 0; row < size; row++) {
            int text = part.rows().get(row);
            int length = perToken ? stride / part.length() * texts.get(text).length() : stride;
            results[text] = Arrays.copyOfRange(all, row * stride, row * stride + length);
        }
    }
}
