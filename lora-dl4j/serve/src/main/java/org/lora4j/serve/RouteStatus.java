/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.Optional;
import org.lora4j.error.Arguments;

/**
 * Where an alias points to, and how its candidate does.
 *
 * @param alias the alias
 * @param current the adapter in use
 * @param previous the adapter that {@link Routes#rollback} goes back to; empty if there is none
 * @param candidate the adapter on its way into use; empty if there is none
 * @param shadow whether the candidate answers too, without being returned
 * @param share of the keys that the candidate answers, 0 to 1
 * @param ofCurrent what the adapter in use did
 * @param ofCandidate what the candidate did
 * @param compared how many answers of both were compared
 * @param agreement the mean agreement of those, 0 to 1; NaN if there are none
 * @param leftOut requests that the candidate was not asked, as the server had enough to do
 * @apiNote Status: experimental
 */
public record RouteStatus(
        String alias,
        String current,
        Optional<String> previous,
        Optional<String> candidate,
        boolean shadow,
        double share,
        RouteCounts ofCurrent,
        RouteCounts ofCandidate,
        long compared,
        double agreement,
        long leftOut) {

    /**
     * Checks that all is there.
     *
     * @param alias as in the record
     * @param current as in the record
     * @param previous as in the record
     * @param candidate as in the record
     * @param shadow as in the record
     * @param share as in the record
     * @param ofCurrent as in the record
     * @param ofCandidate as in the record
     * @param compared as in the record
     * @param agreement as in the record
     * @param leftOut as in the record
     */
    public RouteStatus {
        Arguments.required(alias, "RouteStatus: alias", "a name");
        Arguments.required(current, "RouteStatus: current", "the name of an adapter");
        Arguments.required(previous, "RouteStatus: previous", "a name, or Optional.empty()");
        Arguments.required(candidate, "RouteStatus: candidate", "a name, or Optional.empty()");
        Arguments.required(ofCurrent, "RouteStatus: ofCurrent", "counts");
        Arguments.required(ofCandidate, "RouteStatus: ofCandidate", "counts");
    }
}
