/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.conformance;

import java.util.Map;

/** What Tribuo's gradient descent trainers are known not to do; they pass all other rules. */
final class TribuoLimits {

    static final Map<String, String> OF_GRADIENT_DESCENT = Map.of(
            "train_onNoExamples_isRejected", "Tribuo trains on an empty data set and returns a model without outputs",
            "train_onInfinity_isRejected", "Tribuo looks for NaN only; an infinite feature makes the weights NaN",
            "train_onNegativeInfinityInSparseExamples_isRejected", "Tribuo looks for NaN only",
            "predict_ofInfinity_isRejected", "Tribuo looks for NaN only; an infinite feature makes the scores NaN");

    private TribuoLimits() {}
}
