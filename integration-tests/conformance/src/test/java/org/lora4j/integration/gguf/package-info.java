/** Files of GGUF, and llama.cpp as their judge, in a process of its own. */
package org.lora4j.integration.gguf;
