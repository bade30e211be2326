/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.time.Duration;
import java.util.Optional;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;

/**
 * Which adapter a request gets, decided once, when it comes; whoever serves it tells what became of it. <b>Threads.</b> Safe.
 *
 * @apiNote Status: experimental
 */
public final class RouteChoice {

    private final String asked;
    private final String adapter;
    private final RouteRole role;
    private final Optional<AliasState> state;

    private RouteChoice(String asked, String adapter, RouteRole role, Optional<AliasState> state) {
        this.asked = asked;
        this.adapter = adapter;
        this.role = role;
        this.state = state;
    }

    static RouteChoice direct(String name) {
        return new RouteChoice(name, name, RouteRole.DIRECT, Optional.empty());
    }

    static RouteChoice current(AliasState state) {
        return new RouteChoice(state.alias(), state.current().adapter(), RouteRole.CURRENT, Optional.of(state));
    }

    static RouteChoice canary(AliasState state) {
        String candidate = state.trial().orElseThrow().candidate().adapter();
        return new RouteChoice(state.alias(), candidate, RouteRole.CANARY, Optional.of(state));
    }

    /**
     * What was asked for.
     *
     * @return a name or an alias
     */
    public String asked() {
        return asked;
    }

    /**
     * The alias, if one was asked for.
     *
     * @return empty for the name of an adapter
     */
    public Optional<String> alias() {
        return state.map(AliasState::alias);
    }

    /**
     * The adapter whose answer is returned.
     *
     * @return its name
     */
    public String adapter() {
        return adapter;
    }

    /**
     * In which part it answers.
     *
     * @return not {@link RouteRole#SHADOW}
     */
    public RouteRole role() {
        return role;
    }

    /**
     * What answers if the candidate of a canary fails: no request is lost to a trial.
     *
     * @return the adapter in use; empty unless this is a canary's
     */
    public Optional<String> fallback() {
        return role == RouteRole.CANARY ? state.map(of -> of.current().adapter()) : Optional.empty();
    }

    /**
     * What is to be asked too, and compared with what is returned.
     *
     * @return the candidate of a shadow; empty if there is none
     */
    public Optional<String> shadow() {
        return state.flatMap(AliasState::trial)
                .filter(AliasState.Trial::shadow)
                .map(of -> of.candidate().adapter());
    }

    /** What is counted of the adapter in a part; empty if nothing is. */
    private Optional<RouteRecord> record(RouteRole of) {
        Arguments.required(of, "RouteChoice: role", "the part in which the adapter answered");
        return state.flatMap(known -> switch (of) {
            case DIRECT -> Optional.empty();
            case CURRENT -> Optional.of(known.current().record());
            case CANARY, SHADOW -> known.trial().map(trial -> trial.candidate().record());
        });
    }

    /**
     * An adapter has answered.
     *
     * @param part in which part; {@link RouteRole#CURRENT} for the fallback of a canary
     * @param took how long the request took
     */
    public void answered(RouteRole part, Duration took) {
        Arguments.required(took, "RouteChoice.answered: took", "a duration");
        record(part).ifPresent(to -> to.answered(took));
    }

    /**
     * An adapter has failed.
     *
     * @param part in which part
     * @return whether it is the first time in this part, and so worth a line in a log
     */
    public boolean failed(RouteRole part) {
        return record(part).map(RouteRecord::failed).orElse(false);
    }

    /**
     * The answers of both were compared.
     *
     * @param share how far they agree: 1 for the same, 0 for others, between them for answers of many parts
     * @throws IllegalArgumentException if it is not 0 to 1
     */
    public void agreed(double share) {
        Problems problems = new Problems();
        problems.check(share >= 0 && share <= 1, "share = " + share + ", expected 0 to 1");
        problems.throwIfAny("RouteChoice.agreed");
        record(RouteRole.SHADOW).ifPresent(to -> to.agreed(share));
    }

    /** The candidate of a shadow was not asked, as the server had enough to do. */
    public void leftOut() {
        record(RouteRole.SHADOW).ifPresent(RouteRecord::leftOut);
    }

    @Override
    public String toString() {
        return "RouteChoice[" + MessageText.name(asked) + " -> " + MessageText.name(adapter) + ", " + role + "]";
    }
}
