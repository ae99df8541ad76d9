/**
 * What both HTTP sides share, scraping and sending: {@link io.github.promferry.http.HttpSettings} says how to reach a
 * server, {@link io.github.promferry.http.Credentials} who asks. Nothing here opens a connection
 * or starts a thread, but for {@link io.github.promferry.http.OAuth2Credentials}, which asks a token server.
 */
package io.github.promferry.http;
