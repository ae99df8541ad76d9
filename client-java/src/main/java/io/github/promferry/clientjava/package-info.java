/**
 * The bridge to client_java, both ways: {@link io.github.promferry.clientjava.RegistrySource} makes a registry a source of
 * samples, without HTTP or text between; {@link io.github.promferry.clientjava.SourceCollector} shows any source, such as
 * this library's own metrics, in a registry.
 */
package io.github.promferry.clientjava;
