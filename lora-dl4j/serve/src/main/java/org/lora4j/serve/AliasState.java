/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.Optional;

/**
 * One alias at one moment, immutable; what is counted goes along from one moment to the next.
 *
 * @param current the adapter in use
 * @param previous what a rollback goes back to
 * @param trial the candidate, if there is one
 */
record AliasState(String alias, Use current, Optional<Use> previous, Optional<Trial> trial) {

    /** An adapter and what it did for the alias. */
    record Use(String adapter, RouteRecord record) {

        static Use of(String adapter) {
            return new Use(adapter, new RouteRecord());
        }
    }

    /** A candidate: it shadows, or answers a share of the keys. */
    record Trial(Use candidate, boolean shadow, double share) {}

    static AliasState of(String alias, String adapter) {
        return new AliasState(alias, Use.of(adapter), Optional.empty(), Optional.empty());
    }

    /** Points elsewhere; what was in use can be had back. */
    AliasState pointing(Use next) {
        return next.adapter().equals(current.adapter())
                ? new AliasState(alias, current, previous, Optional.empty())
                : new AliasState(alias, next, Optional.of(current), Optional.empty());
    }

    /** With a candidate; the same one as before keeps its counts. */
    AliasState trying(String candidate, boolean shadow, double share) {
        Use use = trial.map(Trial::candidate)
                .filter(of -> of.adapter().equals(candidate))
                .orElseGet(() -> Use.of(candidate));
        return new AliasState(alias, current, previous, Optional.of(new Trial(use, shadow, share)));
    }

    boolean names(String adapter) {
        return current.adapter().equals(adapter)
                || previous.filter(of -> of.adapter().equals(adapter)).isPresent()
                || trial.filter(of -> of.candidate().adapter().equals(adapter)).isPresent();
    }

    RouteStatus status() {
        Optional<RouteRecord> ofCandidate = trial.map(of -> of.candidate().record());
        return new RouteStatus(
                alias,
                current.adapter(),
                previous.map(Use::adapter),
                trial.map(of -> of.candidate().adapter()),
                trial.map(Trial::shadow).orElse(false),
                trial.map(Trial::share).orElse(0.0),
                current.record().counts(),
                ofCandidate.map(RouteRecord::counts).orElse(RouteCounts.NONE),
                ofCandidate.map(RouteRecord::compared).orElse(0L),
                ofCandidate.map(RouteRecord::agreement).orElse(Double.NaN),
                ofCandidate.map(RouteRecord::left).orElse(0L));
    }
}
