/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train.cache;

import java.util.HashSet;
import java.util.List;
import org.lora4j.error.Problems;

/**
 * What a batch, or each example of it, is known by from one epoch to the next. Equal identities promise equal inputs.
 *
 * @apiNote Status: stable
 */
public sealed interface BatchIdentity {

    /**
     * A batch that comes again with the same examples in the same order.
     *
     * @param number its number, the same in every epoch and of no other batch of the source
     * @apiNote Status: stable
     */
    record OfBatch(long number) implements BatchIdentity {}

    /**
     * A batch whose examples come again in other company. The graph must compute each example from its own row alone.
     *
     * @param numbers for each row the number of its example, the same in every epoch and of no other example of the source
     * @apiNote Status: stable
     */
    record OfExamples(List<Long> numbers) implements BatchIdentity {

        /**
         * Checks and freezes the list.
         *
         * @param numbers as in the record
         * @throws IllegalArgumentException if there is none or one comes twice
         */
        public OfExamples {
            numbers = List.copyOf(numbers);
            Problems problems = new Problems();
            problems.check(!numbers.isEmpty(), "no number; expected one for each row of the batch");
            long different = new HashSet<>(numbers).size();
            problems.check(
                    different == numbers.size(),
                    (numbers.size() - different) + " of " + numbers.size() + " numbers of examples come twice; expected"
                            + " each example once in a batch");
            problems.throwIfAny("BatchIdentity");
        }
    }
}
