/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server;

import org.lora4j.error.MessageText;
import org.lora4j.serve.RouteChoice;
import org.lora4j.serve.RouteRole;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts failures of candidates whose requests something else answers, and logs the first of each.
 *
 * @apiNote Status: internal
 */
public final class CandidateFailures {

    private static final Logger LOG = LoggerFactory.getLogger(CandidateFailures.class);

    private CandidateFailures() {}

    /**
     * A candidate has failed, and what is in use answers.
     *
     * @param choice a canary's
     * @param reason why it failed
     */
    public static void tell(RouteChoice choice, String reason) {
        if (choice.failed(RouteRole.CANARY)) {
            LOG.warn(
                    "{}: the candidate {} failed a request, which what is in use answers; further ones are counted: {}",
                    MessageText.name(choice.asked()),
                    MessageText.name(choice.adapter()),
                    MessageText.value(reason));
        }
    }
}
