/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.serve.AdapterServer;
import org.lora4j.serve.RouteStatus;

/**
 * All that is served, and which of it a name means: a base, an adapter, an alias, or {@code base:adapter}. A name that is none of
 * these means nothing, and never the base. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class ModelCatalog {

    private final List<ModelHost> hosts;
    private final Optional<String> usual;
    private final long created = Instant.now().getEpochSecond();

    /**
     * Where a name leads.
     *
     * @param host the base
     * @param adapter a name of the host: an adapter, an alias, or {@link AdapterServer#BASE}
     * @param name what clients are told that they asked
     */
    public record Found(ModelHost host, String adapter, String name) {}

    /**
     * A catalog.
     *
     * @param usual what is meant where a request names nothing
     */
    public ModelCatalog(List<? extends ModelHost> hosts, Optional<String> usual) {
        this.hosts = List.copyOf(hosts);
        this.usual = usual;
    }

    public List<ModelHost> hosts() {
        return hosts;
    }

    /** What a request means that names nothing, if that was said. */
    public Optional<String> usual() {
        return usual;
    }

    /** The hosts of one kind. */
    public <H extends ModelHost> List<H> hosts(Class<H> kind) {
        return hosts.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    /**
     * What a name means; of several, on a host of the kind first.
     *
     * @param kind what is asked for
     */
    public Optional<Found> find(String name, ModelHost.Kind kind) {
        Optional<Found> other = Optional.empty();
        for (ModelHost host : hosts) {
            Optional<Found> found = on(host, name);
            if (found.isPresent() && host.kind() == kind) {
                return found;
            }
            other = other.or(() -> found);
        }
        return other;
    }

    private static Optional<Found> on(ModelHost host, String name) {
        if (name.equals(host.name())) {
            return Optional.of(new Found(host, AdapterServer.BASE, name));
        }
        String prefix = host.name() + ":";
        String adapter = name.startsWith(prefix) ? name.substring(prefix.length()) : name;
        return has(host, adapter) ? Optional.of(new Found(host, adapter, name)) : Optional.empty();
    }

    private static boolean has(ModelHost host, String adapter) {
        return !adapter.equals(AdapterServer.BASE)
                && (host.routes().aliases().contains(adapter) || host.names().contains(adapter));
    }

    /** @throws HttpProblem 404 with near names if the name means nothing */
    public Found require(String name, ModelHost.Kind kind) {
        return find(name, kind).orElseThrow(() -> HttpProblem.unknownModel(name, names()));
    }

    /** The base that is called so. */
    public Optional<ModelHost> host(String name) {
        return hosts.stream().filter(host -> host.name().equals(name)).findFirst();
    }

    /** All names that mean something, bases first. */
    public Collection<String> names() {
        Set<String> names = new LinkedHashSet<>();
        hosts.forEach(host -> names.add(host.name()));
        hosts.forEach(host -> {
            names.addAll(host.names());
            names.addAll(host.routes().aliases());
        });
        return names;
    }

    /** All names with what they are. */
    public List<ModelEntry> entries() {
        List<ModelEntry> entries = new ArrayList<>();
        for (ModelHost host : hosts) {
            entries.add(new ModelEntry(
                    host.name(),
                    host.name(),
                    Optional.empty(),
                    created,
                    host.kind().word()));
            for (HostedAdapter adapter : host.adapters()) {
                String root = adapter.directory().map(Object::toString).orElse(adapter.name());
                entries.add(new ModelEntry(adapter.name(), root, Optional.of(host.name()), created, adapter.task()));
            }
            for (RouteStatus alias : host.routes().status()) {
                entries.add(
                        new ModelEntry(alias.alias(), alias.current(), Optional.of(alias.current()), created, "alias"));
            }
        }
        return entries;
    }
}
