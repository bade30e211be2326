/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.encoder;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.lora4j.error.Problems;

/**
 * Rotary positions (Su et al. 2021, arXiv:2104.09864): entries i and {@code size / 2 + i} of a head are turned by {@code position *
 * frequencies[i]}.
 *
 * @param frequencies the angle of each pair from one position to the next
 * @apiNote Status: internal
 */
public record EncoderRotation(List<Double> frequencies) {

    /** All entries of a head are turned. */
    private static final FixedFields WHOLE = new FixedFields().only("partial_rotary_factor", 1);

    /** Frequencies {@code theta^(-2i / size)}. */
    static EncoderRotation of(double theta, int size) {
        return new EncoderRotation(IntStream.range(0, size / 2)
                .mapToObj(i -> 1 / Math.pow(theta, 2.0 * i / size))
                .toList());
    }

    /** As {@code rope_scaling} says, of the kinds that do not depend on the length. */
    static EncoderRotation scaled(Map<?, ?> scaling, double theta, int size, Problems problems) {
        WHOLE.check(scaling, "rope_parameters.", problems);
        Object type = scaling.get("rope_type") == null ? scaling.get("type") : scaling.get("rope_type");
        if (type == null || type.equals("default")) {
            return of(theta, size);
        }
        double factor = EncoderFields.positive("rope_scaling.factor", scaling.get("factor"), problems)
                .orElse(1);
        problems.check(
                scaling.get("factor") != null, "rope_scaling has no \"factor\", expected a finite number above 0");
        if (type.equals("linear")) {
            return new EncoderRotation(of(theta, size).frequencies().stream()
                    .map(frequency -> frequency / factor)
                    .toList());
        }
        if (!type.equals("ntk")) {
            problems.add("rope_scaling has the type " + EncoderFields.quoted(type)
                    + ", expected one of \"default\", \"linear\", \"ntk\"");
        }
        if (scaling.get("mixed_b") == null) {
            return new EncoderRotation(of(factor * theta, size).frequencies().stream()
                    .map(frequency -> frequency / Math.pow(factor, 2.0 / size))
                    .toList());
        }
        double mixed = EncoderFields.positive("rope_scaling.mixed_b", scaling.get("mixed_b"), problems)
                .orElse(1);
        double slope = Math.log(factor) / Math.pow(size / 2.0, mixed);
        List<Double> plain = of(theta, size).frequencies();
        return new EncoderRotation(IntStream.range(0, plain.size())
                .mapToObj(i -> plain.get(i) / Math.exp(slope * Math.pow(i + 1.0, mixed)))
                .toList());
    }
}
