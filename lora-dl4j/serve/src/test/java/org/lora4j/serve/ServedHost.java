/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.adapter.Adapter;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A small base of some kind, inputs and random adapters for it, and what it computes with one adapter alone. */
interface ServedHost {

    ServerBuilder<?> server();

    Map<String, INDArray> inputs(SplittableRandom random, int rows);

    /** The outputs with one adapter, or without one for null. */
    Map<String, INDArray> expected(Adapter adapter, Map<String, INDArray> inputs);

    /** Rank, modules, scaling rule, head and bias on B differ. */
    Adapter random(SplittableRandom random);

    /** An adapter whose every element has the same value. */
    static Adapter filled(Adapter like, double value) {
        Map<String, Map<String, INDArray>> modules = new LinkedHashMap<>();
        like.modules().forEach((path, factors) -> {
            Map<String, INDArray> own = new LinkedHashMap<>();
            factors.forEach((suffix, tensor) -> own.put(suffix, filled(tensor, value)));
            modules.put(path, own);
        });
        Map<String, INDArray> saved = new LinkedHashMap<>();
        like.savedParameters().forEach((path, tensor) -> saved.put(path, filled(tensor, value)));
        return Adapter.of(like.config(), modules, saved);
    }

    private static INDArray filled(INDArray like, double value) {
        return Nd4j.valueArrayOf(like.shape(), value, like.dataType());
    }

    static boolean isClose(INDArray found, INDArray expected) {
        return Arrays.equals(found.shape(), expected.shape())
                && found.sub(expected).amaxNumber().doubleValue()
                        <= 1e-5 * Math.max(1, expected.amaxNumber().doubleValue());
    }
}
