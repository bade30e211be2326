/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.lora4j.error.Problems;

/**
 * A number that was estimated from examples, with the interval that holds it with 95 % probability.
 *
 * @param value the estimate
 * @param low the lower end
 * @param high the upper end
 * @apiNote Status: stable
 */
public record ScoreInterval(double value, double low, double high) {

    /**
     * Checks the order.
     *
     * @param value as in the record
     * @param low as in the record
     * @param high as in the record
     * @throws IllegalArgumentException if the value is not between both ends
     */
    public ScoreInterval {
        Problems problems = new Problems();
        problems.check(
                low <= value && value <= high,
                "low = " + low + ", value = " + value + ", high = " + high + ", expected them in this order");
        problems.throwIfAny("ScoreInterval");
    }

    /**
     * Whether more examples may tell the opposite.
     *
     * @return true if 0 is in the interval
     */
    public boolean isUncertain() {
        return low <= 0 && high >= 0;
    }

    /**
     * As an object of JSON.
     *
     * @return {@code value}, {@code low}, {@code high}
     */
    public Map<String, Double> values() {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("value", value);
        values.put("low", low);
        values.put("high", high);
        return values;
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%+.4f (95 %%: %+.4f to %+.4f)", value, low, high);
    }
}
