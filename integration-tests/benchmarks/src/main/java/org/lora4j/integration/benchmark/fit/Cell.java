/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark.fit;

import java.util.Base64;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What one candidate reached on one draw.
 *
 * @param draw the examples it learned from
 * @param candidate its key
 * @param tested number of test texts
 * @param right which of them it told right
 * @param seconds of all processors, for the fit
 * @param chosen what it chose, in words
 */
record Cell(Draw draw, String candidate, int tested, BitSet right, double seconds, String chosen) {

    /** Examples of a set: how many, and by which seed. */
    record Draw(String set, int size, long seed) {}

    double accuracy() {
        return (double) right.cardinality() / tested;
    }

    /** As a line of a file. */
    Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("set", draw.set());
        fields.put("size", draw.size());
        fields.put("seed", draw.seed());
        fields.put("candidate", candidate);
        fields.put("accuracy", accuracy());
        fields.put("seconds", Math.round(100 * seconds) / 100.0);
        fields.put("chosen", chosen);
        fields.put("tested", tested);
        fields.put("right", Base64.getEncoder().encodeToString(right.toByteArray()));
        return fields;
    }

    static Cell of(Map<String, Object> fields) {
        Draw draw = new Draw(
                (String) fields.get("set"),
                ((Number) fields.get("size")).intValue(),
                ((Number) fields.get("seed")).longValue());
        return new Cell(
                draw,
                (String) fields.get("candidate"),
                ((Number) fields.get("tested")).intValue(),
                BitSet.valueOf(Base64.getDecoder().decode((String) fields.get("right"))),
                ((Number) fields.get("seconds")).doubleValue(),
                (String) fields.get("chosen"));
    }
}
