/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.Arrays;
import java.util.Locale;
import org.lora4j.internal.array.InnerProducts;

/**
 * How near two vectors are, as sentence-transformers names it; higher is nearer.
 *
 * @apiNote Status: stable
 */
public enum VectorSimilarity {
    /** The cosine of the angle between them, -1 to 1. */
    COSINE {
        @Override
        public double of(float[] first, float[] second) {
            return InnerProducts.cosine(first, second);
        }
    },
    /** Their inner product. */
    DOT {
        @Override
        public double of(float[] first, float[] second) {
            double sum = 0;
            for (int i = 0; i < first.length; i++) {
                sum += (double) first[i] * second[i];
            }
            return sum;
        }
    },
    /** Their Euclidean distance, with a minus before it. */
    EUCLIDEAN {
        @Override
        public double of(float[] first, float[] second) {
            double sum = 0;
            for (int i = 0; i < first.length; i++) {
                double difference = (double) first[i] - second[i];
                sum += difference * difference;
            }
            return -Math.sqrt(sum);
        }
    },
    /** The sum of the distances of their numbers, with a minus before it. */
    MANHATTAN {
        @Override
        public double of(float[] first, float[] second) {
            double sum = 0;
            for (int i = 0; i < first.length; i++) {
                sum += Math.abs((double) first[i] - second[i]);
            }
            return -sum;
        }
    };

    /**
     * How near two vectors are.
     *
     * @param first the one
     * @param second the other, of the same length
     * @return higher is nearer
     */
    public abstract double of(float[] first, float[] second);

    /** The name of sentence-transformers. */
    String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    static VectorSimilarity of(String id) {
        return Arrays.stream(values())
                .filter(value -> value.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("VectorSimilarity: no similarity is called " + id
                        + "; expected one of " + Arrays.toString(values()) + "."));
    }
}
