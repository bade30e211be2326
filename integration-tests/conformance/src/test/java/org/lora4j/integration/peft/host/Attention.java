/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Attention over flat sequences {@code [batch * time, features]}.
 *
 * @param batch number of sequences
 * @param time their length
 * @param heads number of heads of the queries
 * @param headsOfKeys number of heads of keys and values, a divisor of it
 * @param size features of a head
 * @param causal whether a position sees itself and earlier ones only
 */
record Attention(long batch, long time, long heads, long headsOfKeys, long size, boolean causal) {

    /** A score that softmax turns to exactly 0. */
    private static final double HIDDEN = -1e9;

    static Attention causal(INDArray sequence, long heads, long headsOfKeys, long size) {
        return new Attention(sequence.size(0), sequence.size(1), heads, headsOfKeys, size, true);
    }

    SDVariable apply(Layers layers, SDVariable query, SDVariable key, SDVariable value) {
        SameDiff graph = layers.graph();
        SDVariable q = split(graph, query, heads);
        SDVariable k = repeated(graph, split(graph, key, headsOfKeys));
        SDVariable v = repeated(graph, split(graph, value, headsOfKeys));
        SDVariable scores = graph.mmul(q, k, false, true, false).mul(1 / Math.sqrt(size));
        if (causal) {
            scores = scores.add(layers.constant(future()));
        }
        SDVariable context = graph.mmul(graph.nn().softmax(scores, -1), v);
        return graph.reshape(graph.permute(context, 0, 2, 1, 3), batch * time, heads * size);
    }

    private SDVariable split(SameDiff graph, SDVariable x, long count) {
        return graph.permute(graph.reshape(x, batch, time, count, size), 0, 2, 1, 3);
    }

    /** Head j of the keys serves the queries' heads j g to (j + 1) g - 1. */
    private SDVariable repeated(SameDiff graph, SDVariable x) {
        int times = Math.toIntExact(heads / headsOfKeys);
        if (times == 1) {
            return x;
        }
        SDVariable apart = graph.reshape(x, batch, headsOfKeys, 1, time, size);
        SDVariable[] copies = Collections.nCopies(times, apart).toArray(new SDVariable[0]);
        return graph.reshape(graph.concat(2, copies), batch, heads, time, size);
    }

    private INDArray future() {
        float[][] hidden = new float[(int) time][(int) time];
        for (int from = 0; from < time; from++) {
            for (int to = from + 1; to < time; to++) {
                hidden[from][to] = (float) HIDDEN;
            }
        }
        return Nd4j.createFromArray(hidden).reshape(1, 1, time, time);
    }

    /** The number of heads of a case, or else the divisors of the features that it can be, the usual one first. */
    static List<Long> headsOf(GoldenCase golden, long features) {
        for (String name : List.of("heads", "n_heads", "num_heads", "nhead")) {
            if (golden.params().has(name)) {
                return List.of(golden.params().get(name).asLong());
            }
        }
        List<Long> divisors = new ArrayList<>(List.of(2L));
        for (long heads = 1; heads <= features; heads++) {
            if (features % heads == 0 && heads != 2) {
                divisors.add(heads);
            }
        }
        return divisors;
    }
}
