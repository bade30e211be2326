/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The process of a {@link Team}: tells its contenders, then does what it is asked for, one key a line, and tells how long it
 * took. Lines that count start with {@link TeamProcess#MARK}; native libraries print, too.
 */
public final class TeamMain {

    private TeamMain() {}

    /**
     * Runs until its input ends.
     *
     * @param args name of the team, and optionally the keys of the contenders that take part, with commas
     * @throws IOException if the model is missing
     */
    public static void main(String[] args) throws IOException {
        Locale.setDefault(Locale.ROOT);
        PrintStream out = System.out;
        Team team = Team.valueOf(args[0]);
        Set<String> only = args.length > 1 && !args[1].isBlank() ? Set.of(args[1].split(",")) : Set.of();
        team.facts().forEach((name, value) -> out.println(TeamProcess.MARK + "fact\t" + name + "\t" + value));
        Map<String, Contender> contenders = new LinkedHashMap<>();
        for (Contender contender : team.contenders(key -> only.isEmpty() || only.contains(key))) {
            contenders.put(contender.key(), contender);
            out.println(TeamProcess.MARK + "contender\t" + contender.key() + "\t" + contender.label());
        }
        out.println(TeamProcess.MARK + "ready");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String key = in.readLine(); key != null; key = in.readLine()) {
            for (Turn turn : contenders.get(key).turns().get()) {
                out.println(TeamProcess.MARK + "turn\t" + turn.seconds() + "\t" + turn.cpuSeconds());
            }
            out.println(TeamProcess.MARK + "ready");
        }
        out.flush();
        // Threads of llama.cpp would keep the process.
        Runtime.getRuntime().halt(0);
    }
}
