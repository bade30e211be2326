/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.serve.AdapterNames;
import org.lora4j.serve.AliasState.Trial;
import org.lora4j.serve.AliasState.Use;

/**
 * Aliases: names that point to adapters, and candidates on their way into use. A candidate first <b>shadows</b>: it is asked too, and its
 * answers are compared and dropped. Then it is a <b>canary</b>: a share of the keys gets its answers. {@link #promote} puts it into use,
 * {@link #rollback} takes it back.
 *
 * <pre>{@code
 * Routes routes = server.routes();
 * routes.alias("questions", "questions-1");
 * routes.shadow("questions", "questions-2");
 * routes.canary("questions", "questions-2", 0.1);
 * routes.promote("questions"); // or routes.rollback("questions")
 * }</pre>
 *
 * <p>For servers of every kind: names only are resolved, before a server takes its lease, so a request keeps the adapter that it began
 * with whatever is promoted meanwhile. A server that does this by itself is {@code TextServer}; for others call {@link #resolve} and tell
 * the choice what became of the request.
 *
 * <p><b>State.</b> Every change is one step, seen as a whole by every request that comes later. <b>Threads.</b> Safe; resolving takes no
 * lock.
 *
 * @apiNote Status: experimental
 */
public final class Routes {

    /** The fractional part of the golden ratio: its multiples fill 0 to 1 evenly (Weyl's sequence). */
    private static final double GOLDEN = 0.6180339887498949;

    private static final long FNV_OFFSET = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;

    private static final String ALIAS = "the name of an alias";
    private static final String ADAPTER = "the name of an adapter";

    private final Supplier<? extends Collection<String>> adapters;
    private final Object changes = new Object();
    private final AtomicLong withoutKey = new AtomicLong();
    private volatile Map<String, AliasState> states = Map.of();

    /**
     * Makes a table without aliases.
     *
     * @param adapters the names of the adapters that are there when it is called, such as {@code () ->
     *     server.status().stream().map(ServedStatus::name).toList()}
     */
    public Routes(Supplier<? extends Collection<String>> adapters) {
        this.adapters = Arguments.required(adapters, "Routes: adapters", "a function that gives names of adapters");
    }

    /**
     * Points an alias to an adapter. A candidate that it had is let go; {@link #rollback} goes back to the adapter that it pointed to.
     *
     * @param alias a name that no adapter has; made if it is not there
     * @param adapter the name of an adapter that is there
     * @throws UnknownAdapterException if the adapter is not there
     * @throws IllegalArgumentException if the alias is the name of an adapter or of the base
     */
    public void alias(String alias, String adapter) {
        Arguments.required(alias, "Routes.alias: alias", ALIAS);
        Arguments.required(adapter, "Routes.alias: adapter", ADAPTER);
        synchronized (changes) {
            Collection<String> known = requireAdapter(adapter);
            AdapterNames.requireNotBase(alias);
            if (known.contains(alias)) {
                throw new IllegalArgumentException("Routes.alias: " + MessageText.name(alias)
                        + " is the name of an adapter; expected another name, as requests for it would change their meaning."
                        + " Unload the adapter, or choose another alias.");
            }
            AliasState before = states.get(alias);
            put(before == null ? AliasState.of(alias, adapter) : before.pointing(Use.of(adapter)));
        }
    }

    /**
     * Lets a candidate answer too; its answers are compared with those returned, and dropped.
     *
     * @param alias an alias
     * @param candidate the name of an adapter that is there, another one than the alias points to
     * @throws UnknownAdapterException if the alias or the adapter is not there
     * @throws IllegalArgumentException if the candidate is in use already
     */
    public void shadow(String alias, String candidate) {
        attempt("Routes.shadow", alias, candidate, true, 0);
    }

    /**
     * Lets a candidate answer a share of the requests, and no longer shadow. Requests with the same key stay on the same side, and a key
     * that the candidate has stays with it when the share is raised.
     *
     * @param alias an alias
     * @param candidate the name of an adapter that is there, another one than the alias points to
     * @param share of the keys, 0 to 1
     * @throws UnknownAdapterException if the alias or the adapter is not there
     * @throws IllegalArgumentException if the candidate is in use already, or the share is none
     */
    public void canary(String alias, String candidate, double share) {
        Problems problems = new Problems();
        problems.check(share >= 0 && share <= 1, "share = " + share + ", expected 0 to 1");
        problems.throwIfAny("Routes.canary");
        attempt("Routes.canary", alias, candidate, false, share);
    }

    private void attempt(String call, String alias, String candidate, boolean shadow, double share) {
        Arguments.required(alias, call + ": alias", ALIAS);
        Arguments.required(candidate, call + ": candidate", ADAPTER);
        synchronized (changes) {
            AliasState before = require(alias);
            requireAdapter(candidate);
            if (before.current().adapter().equals(candidate)) {
                throw new IllegalArgumentException(call + ": " + MessageText.name(candidate) + " is what "
                        + MessageText.name(alias) + " points to; expected another adapter.");
            }
            put(before.trying(candidate, shadow, share));
        }
    }

    /**
     * Puts the candidate into use, for all keys; what was in use can be had back by {@link #rollback}.
     *
     * @param alias an alias
     * @return how it is now
     * @throws UnknownAdapterException if the alias is not there
     * @throws IllegalStateException if it has no candidate
     */
    public RouteStatus promote(String alias) {
        return change(
                "Routes.promote",
                alias,
                before -> before.pointing(before.trial()
                        .map(Trial::candidate)
                        .orElseThrow(() -> new IllegalStateException("Routes.promote: " + MessageText.name(alias)
                                + " has no candidate; expected one. Call shadow(alias, candidate) or canary(alias, candidate, share)"
                                + " first, or alias(alias, adapter) to point elsewhere at once."))));
    }

    /**
     * Takes the last step back: lets a candidate go, or, if there is none, goes back to the adapter that was in use before.
     *
     * @param alias an alias
     * @return how it is now
     * @throws UnknownAdapterException if the alias is not there
     * @throws IllegalStateException if there is neither
     */
    public RouteStatus rollback(String alias) {
        return change("Routes.rollback", alias, before -> {
            if (before.trial().isPresent()) {
                return new AliasState(alias, before.current(), before.previous(), Optional.empty());
            }
            Use back = before.previous()
                    .orElseThrow(() -> new IllegalStateException("Routes.rollback: "
                            + MessageText.name(alias)
                            + " has no candidate and pointed to no other adapter before; expected one of"
                            + " them. Call alias(alias, adapter) to point elsewhere."));
            return new AliasState(alias, back, Optional.empty(), Optional.empty());
        });
    }

    /**
     * Forgets what {@link #rollback} would go back to, so that it can be unloaded.
     *
     * @param alias an alias
     * @return how it is now
     * @throws UnknownAdapterException if the alias is not there
     */
    public RouteStatus settle(String alias) {
        return change(
                "Routes.settle",
                alias,
                before -> new AliasState(alias, before.current(), Optional.empty(), before.trial()));
    }

    private RouteStatus change(String call, String alias, UnaryOperator<AliasState> step) {
        Arguments.required(alias, call + ": alias", ALIAS);
        synchronized (changes) {
            AliasState next = step.apply(require(alias));
            put(next);
            return next.status();
        }
    }

    /**
     * Removes an alias; requests that name it later fail.
     *
     * @param alias an alias
     * @throws UnknownAdapterException if it is not there
     */
    public void remove(String alias) {
        Arguments.required(alias, "Routes.remove: alias", ALIAS);
        synchronized (changes) {
            require(alias);
            Map<String, AliasState> next = new TreeMap<>(states);
            next.remove(alias);
            states = Collections.unmodifiableMap(next);
        }
    }

    private void put(AliasState state) {
        Map<String, AliasState> next = new TreeMap<>(states);
        next.put(state.alias(), state);
        states = Collections.unmodifiableMap(next);
    }

    private AliasState require(String alias) {
        AliasState state = states.get(alias);
        if (state == null) {
            throw new UnknownAdapterException(alias, states.keySet());
        }
        return state;
    }

    private Collection<String> requireAdapter(String adapter) {
        Collection<String> known = adapters.get();
        if (!known.contains(adapter)) {
            throw new UnknownAdapterException(adapter, known);
        }
        return known;
    }

    /**
     * The aliases.
     *
     * @return their names, in order
     */
    public Set<String> aliases() {
        return states.keySet();
    }

    /**
     * Where all aliases point to, and how their candidates do.
     *
     * @return by alias in order
     */
    public List<RouteStatus> status() {
        return states.values().stream().map(AliasState::status).toList();
    }

    /**
     * Where an alias points to, and how its candidate does.
     *
     * @param alias an alias
     * @return how it is now
     * @throws UnknownAdapterException if it is not there
     */
    public RouteStatus status(String alias) {
        return require(Arguments.required(alias, "Routes.status: alias", ALIAS)).status();
    }

    /**
     * Decides which adapter a request gets.
     *
     * @param name a name; one that is no alias is taken for that of an adapter, which the server looks for
     * @param key of whom the request is, such as a user or a session; empty if nobody says, then the share of a canary holds over all
     *     requests
     * @return the choice
     */
    public RouteChoice resolve(String name, Optional<String> key) {
        Arguments.required(name, "Routes.resolve: name", "a name of an adapter or an alias");
        Arguments.required(key, "Routes.resolve: key", "a key, or Optional.empty()");
        AliasState state = states.get(name);
        if (state == null) {
            return RouteChoice.direct(name);
        }
        Optional<Trial> canary = state.trial().filter(trial -> trial.share() > 0);
        if (canary.isEmpty()) {
            return RouteChoice.current(state);
        }
        double place = key.map(of -> place(name, canary.get().candidate().adapter(), of))
                .orElseGet(() -> (withoutKey.incrementAndGet() * GOLDEN) % 1);
        return place < canary.get().share() ? RouteChoice.canary(state) : RouteChoice.current(state);
    }

    /**
     * A number from 0 to 1 that a key always has: FNV-1a (Fowler, Noll and Vo) over the UTF-8 of all three, its bits mixed as MurmurHash3
     * does. The candidate takes part, so that it is not always the same users who try what is new.
     */
    static double place(String alias, String candidate, String key) {
        long hash = FNV_OFFSET;
        for (String part : List.of(alias, candidate, key)) {
            for (byte value : part.getBytes(StandardCharsets.UTF_8)) {
                hash = (hash ^ (value & 0xff)) * FNV_PRIME;
            }
            // Not a byte of UTF-8: "a" + "b" is no other "ab".
            hash = (hash ^ 0xff) * FNV_PRIME;
        }
        hash = (hash ^ hash >>> 33) * 0xff51afd7ed558ccdL;
        hash = (hash ^ hash >>> 33) * 0xc4ceb9fe1a85ec53L;
        return ((hash ^ hash >>> 33) >>> 11) * 0x1p-53;
    }

    /**
     * Registers an adapter while no alias can take its name.
     *
     * @param name the name of the adapter
     * @param change registers it; may throw, and must not change aliases
     * @throws IllegalArgumentException if an alias has the name
     */
    public void adding(String name, Runnable change) {
        Arguments.required(name, "Routes.adding: name", ADAPTER);
        Arguments.required(change, "Routes.adding: change", "what registers the adapter");
        synchronized (changes) {
            if (states.containsKey(name)) {
                throw new IllegalArgumentException("adapter " + MessageText.name(name)
                        + ": an alias has this name; expected a free one. Choose another, or remove the alias first.");
            }
            change.run();
        }
    }

    /**
     * Removes an adapter while no alias can point to it.
     *
     * @param name the name of the adapter
     * @param change removes it; may throw, and must not change aliases
     * @throws IllegalStateException if an alias points to it, tries it or can go back to it; the message says what to do
     */
    public void removing(String name, Runnable change) {
        Arguments.required(name, "Routes.removing: name", ADAPTER);
        Arguments.required(change, "Routes.removing: change", "what removes the adapter");
        synchronized (changes) {
            List<String> users = states.values().stream()
                    .filter(state -> state.names(name))
                    .map(AliasState::alias)
                    .toList();
            if (!users.isEmpty()) {
                throw new IllegalStateException("adapter " + MessageText.name(name) + ": the aliases "
                        + Problems.quoted(users)
                        + " point to it, try it or can go back to it; expected none that does. Point"
                        + " them elsewhere, roll back, or settle(alias) what they can go back to.");
            }
            change.run();
        }
    }
}
