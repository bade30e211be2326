/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.method;

import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.config.Initialization;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The start of a method whose angles are 0 and whose scales are 1, so that it changes nothing at first. */
final class IdentityStart {

    private IdentityStart() {}

    /**
     * New factors: zeros, or normal values of a deviation where the start is random, to which 1 is added for scales.
     */
    static Map<String, INDArray> of(FactorStart start, Map<String, long[]> shapes, String scales, double deviation) {
        boolean random = start.initialization() == Initialization.RANDOM;
        Map<String, INDArray> factors = new LinkedHashMap<>();
        shapes.forEach((suffix, shape) -> {
            INDArray values = random
                    ? RandomStreams.normal(start.random(), deviation, start.dataType(), shape)
                    : Nd4j.zeros(start.dataType(), shape);
            factors.put(suffix, suffix.equals(scales) ? values.addi(1) : values);
        });
        return factors;
    }
}
