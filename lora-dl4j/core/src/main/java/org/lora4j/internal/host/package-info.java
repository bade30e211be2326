/**
 * What hosts share: the verbs of {@link org.lora4j.model.AdaptedModel} with their states and refusals, what a config selects
 * among modules and parameters, whether an adapter fits, and the folding of adapters into weights.
 *
 * <p>For those who write a host. A host extends {@link org.lora4j.internal.host.HostedModel} and adds how its models list modules, run
 * adapters and hold values. Nothing here knows SameDiff or DL4J.
 */
package org.lora4j.internal.host;
